"""Formats that name themselves, and those in doubt."""

from __future__ import annotations

import pytest

from tocsin.formats import name_of

CAP = 'xmlns="urn:oasis:names:tc:emergency:cap:1.2"'
ATOM = 'xmlns="http://www.w3.org/2005/Atom"'
GEORSS = 'xmlns:georss="http://www.georss.org/georss"'
LINK = '<link type="application/cap+xml" href="https://example.org/1"/>'


@pytest.mark.parametrize(
    ("document", "name"),
    [
        pytest.param(f"<alert {CAP}/>", "cap", id="cap-1.2"),
        pytest.param('<alert xmlns="urn:oasis:names:tc:emergency:cap:1.1"/>', "cap", id="cap-1.1"),
        pytest.param('<alert xmlns="http://www.incident.com/cap/1.0"/>', "cap", id="cap-1.0"),
        pytest.param(f"\ufeff\n<alert {CAP}/>", "cap", id="byte-order-mark"),
        pytest.param("<alert/>", None, id="alert-in-no-namespace"),
        pytest.param(f"<feed {ATOM}/>", "atom", id="atom"),
        pytest.param("<feed/>", None, id="feed-in-no-namespace"),
        pytest.param("<rss><channel/></rss>", "atom", id="rss"),
        pytest.param(f"<rss {GEORSS}><channel/></rss>", "georss", id="georss"),
        pytest.param(f"<feed {ATOM} {GEORSS}><entry>{LINK}</entry></feed>", "atom", id="georss-with-cap-links"),
        pytest.param(f"<feed {ATOM} {GEORSS} {CAP.replace('xmlns', 'xmlns:cap')}/>", "atom", id="georss-with-cap"),
        pytest.param(f"<feed {ATOM} {GEORSS}><entry><alert {CAP}/></entry></feed>", "atom", id="georss-with-alert"),
        pytest.param(f"<rss {GEORSS}/>", None, id="rss-without-channel"),
        pytest.param('<EDXLDistribution xmlns="urn:oasis:names:tc:emergency:EDXL:DE:1.0"/>', "edxl", id="edxl-1"),
        pytest.param('<e:EDXLDistribution xmlns:e="urn:oasis:names:tc:emergency:EDXL:DE:2.0"/>', "edxl", id="edxl-2"),
        pytest.param("<EDXLDistribution/>", None, id="edxl-in-no-namespace"),
        pytest.param('{"warnings": [{"alert": {}, "uuid": "1"}]}', "meteoalarm", id="meteoalarm"),
        pytest.param('{"warnings": []}', None, id="meteoalarm-quiet"),
        pytest.param('{"warnings": [1]}', None, id="warnings-of-numbers"),
        pytest.param('{"warnings": {"alert": {}}}', None, id="warnings-no-list"),
        pytest.param(
            '{"identifier": "1", "sender": "x", "sent": "", "msgType": "Alert", "status": "Actual"}', "nina", id="nina"
        ),
        pytest.param('[{"id": "mow.1", "version": 1, "i18nTitle": {}}]', "nina", id="nina-index"),
        pytest.param('[{"id": 1}]', None, id="list-of-ids"),
        pytest.param(
            '{"type": "FeatureCollection", "features": [{"properties": {"warnId": "mow.1"}}]}', "nina", id="nina-shapes"
        ),
        pytest.param('{"heartbeatAgeInMillis": 1, "alerts": []}', "alertswiss", id="alertswiss-quiet"),
        pytest.param(
            '{"alerts": [{"identifier": "1", "publisherName": "", "allClear": false, "severity": ""}]}',
            "alertswiss",
            id="alertswiss",
        ),
        pytest.param('{"alerts": []}', None, id="alerts-of-whom"),
        pytest.param("<html/>", None, id="page"),
        pytest.param("<alert", None, id="cut"),
        pytest.param("<s:a><s:b/></s:a>", None, id="prefix-that-was-never-declared"),
        pytest.param("", None, id="empty"),
        pytest.param("BEGIN:VCALENDAR", None, id="calendar"),
        pytest.param('{"@context": ["https://api.weather.gov/"], "features": []}', "nws", id="nws-quiet"),
        pytest.param(
            '{"type": "FeatureCollection", "features": [{"properties": {"@type": "wx:Alert"}}]}', "nws", id="nws-type"
        ),
        pytest.param(
            '{"type": "Feature", "id": "https://api.weather.gov/alerts/1", "properties": {}}', "nws", id="nws-feature"
        ),
        pytest.param('{"metadata": {"generated": 1, "api": "1.5"}, "features": []}', "usgs", id="usgs-quiet"),
        pytest.param(
            '{"type": "FeatureCollection", "features": [{"properties": {"mag": 1, "magType": "mb", "place": "x"}}]}',
            "usgs",
            id="usgs-cut",
        ),
        pytest.param(
            '{"type": "FeatureCollection", "features": [{"properties": {"mag": 1}}]}', None, id="other-quakes"
        ),
        pytest.param('{"type": "FeatureCollection", "features": [1]}', None, id="features-of-numbers"),
        pytest.param('{"type": "FeatureCollection", "features": {}}', None, id="features-no-list"),
        pytest.param('{"type": "FeatureCollection", "features": []}', None, id="no-features"),
        pytest.param('{"a": 1', None, id="json-cut"),
        pytest.param("[]", None, id="list"),
    ],
)
def test_name_of(document: str, name: str | None) -> None:
    assert name_of(document.encode()) == name
