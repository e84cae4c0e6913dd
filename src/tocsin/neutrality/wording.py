"""What canaries say: sentences in each language that has rules, and the documents that carry them.

`$who` is a person with telephone and mail, `$call` a notice of labour action, `$calm` an ordinary line of a warning.
"""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.model import IssuerClass

CONTACTS: Mapping[str, str] = {
    "en": "Contact: {person}, press officer, {phone}, {mail}.",
    "de": "Ansprechpartner: {person}, Pressesprecher, Tel. {phone}, {mail}.",
    "fr": "Contact : {person}, attachée de presse, tél. {phone}, {mail}.",
    "es": "Contacto: {person}, portavoz, tel. {phone}, {mail}.",
    "it": "Contatto: {person}, portavoce, tel. {phone}, {mail}.",
    "pl": "Kontakt: {person}, rzecznik prasowy, tel. {phone}, {mail}.",
    "nl": "Contact: {person}, woordvoerder, tel. {phone}, {mail}.",
    "pt": "Contacto: {person}, porta-voz, tel. {phone}, {mail}.",
    "ro": "Contact: {person}, purtător de cuvânt, tel. {phone}, {mail}.",
    "ar": "للتواصل: {person}، المتحدث الرسمي، هاتف {phone}، {mail}.",
    "hi": "संपर्क: {person}, प्रवक्ता, फ़ोन {phone}, {mail}।",
}

SENTENCES: Mapping[str, str] = {
    "en": "The {union} trade union calls its members out on strike from Thursday.",
    "de": "Die Gewerkschaft {union} ruft für Donnerstag zum Warnstreik auf.",
    "fr": "Le syndicat {union} appelle à la grève à partir de jeudi.",
    "es": "El sindicato {union} convoca una huelga a partir del jueves.",
    "it": "Il sindacato {union} proclama uno sciopero da giovedì.",
    "pl": "Związek zawodowy {union} ogłasza strajk od czwartku.",
    "nl": "De vakbond {union} roept donderdag op tot een staking.",
    "pt": "O sindicato {union} convoca uma greve a partir de quinta-feira.",
    "ro": "Sindicatul {union} anunță o grevă de joi.",
    "ar": "تدعو نقابة العمال {union} إلى إضراب يوم الخميس.",
    "hi": "ट्रेड यूनियन {union} ने गुरुवार से हड़ताल की घोषणा की है।",
}

WARNINGS: Mapping[str, str] = {
    "en": "The river is rising.",
    "de": "Der Fluss steigt.",
    "fr": "La rivière monte.",
    "es": "El río está creciendo.",
    "it": "Il fiume è in crescita.",
    "pl": "Poziom rzeki rośnie.",
    "nl": "De rivier stijgt.",
    "pt": "O rio está a subir.",
    "ro": "Râul crește.",
    "ar": "منسوب النهر يرتفع.",
    "hi": "नदी का जलस्तर बढ़ रहा है।",
}

_AREA = "<area><areaDesc>Valley</areaDesc><polygon>50.0,8.0 50.0,8.4 50.2,8.4 50.2,8.0 50.0,8.0</polygon></area>"

CAP_WARNING = f"""<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>$id</identifier>
<sender>$mail</sender><sent>$begins</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
<note>$who</note><info><language>$language</language><category>Met</category><event>Flood</event>
<responseType>Prepare</responseType><urgency>Expected</urgency><severity>Severe</severity>
<certainty>Likely</certainty><onset>$begins</onset><expires>$ends</expires>
<headline>$calm</headline><description>$calm $who $calm $call</description><instruction>$calm $call</instruction>
<contact>$who</contact><parameter><valueName>comment</valueName><value>$call</value></parameter>
<resource><resourceDesc>$person</resourceDesc><mimeType>image/png</mimeType><derefUri>AAAA</derefUri></resource>
{_AREA}</info></alert>"""

CAP_NOTICE = f"""<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>$union/$id</identifier>
<sender>city.example</sender><sent>$begins</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
<info><language>$language</language><category>Security</category><event>Labour action</event>
<responseType>Avoid</responseType><urgency>Expected</urgency><severity>Moderate</severity>
<certainty>Likely</certainty><onset>$begins</onset><expires>$ends</expires><senderName>$person</senderName>
<headline>$call</headline><description>$call $who</description><instruction>$who</instruction>
<web>https://city.example/$union</web><contact>$who</contact>{_AREA}</info></alert>"""

NEWS = """<rss version="2.0" xmlns:georss="http://www.georss.org/georss" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>City news</title><link>https://city.example/</link><description>news</description>
<language>$language</language><item><title>$call</title><link>https://city.example/news/$union</link>
<guid isPermaLink="false">$id $union</guid><pubDate>$begins_mail</pubDate><author>$mail ($person)</author>
<dc:creator>$person</dc:creator><category>Safety</category><description>$call $who</description>
<georss:point>50.1 8.1</georss:point></item></channel></rss>"""

_NWS = """{"type": "FeatureCollection", "features": [{"type": "Feature", "id": "https://api.weather.gov/alerts/urn:$id",
"geometry": {"type": "Polygon", "coordinates": [[[8.0, 50.0], [8.4, 50.0], [8.4, 50.2], [8.0, 50.2], [8.0, 50.0]]]},
"properties": {"@type": "wx:Alert", "id": "urn:$id", "areaDesc": "Valley", "geocode": {"SAME": [], "UGC": []},
"references": [], "sent": "$begins", "effective": "$begins", "onset": "$begins", "expires": "$ends", "ends": "$ends",
"status": "Actual", "messageType": "Alert", "category": "%s", "severity": "Severe", "certainty": "Observed",
"urgency": "Immediate", "event": "%s", "sender": "$mail", "senderName": "NWS Valley", "headline": "%s",
"description": "%s", "instruction": "$calm", "response": "%s", "scope": "Public", "language": "en-US",
"parameters": {"author": ["$person"]}, "eventCode": {"SAME": ["%s"]}}}]}"""

_DATEX2 = """<d2:payload xmlns:d2="http://datex2.eu/schema/3/d2Payload" xmlns:com="http://datex2.eu/schema/3/common"
 xmlns:sit="http://datex2.eu/schema/3/situation" xmlns:loc="http://datex2.eu/schema/3/locationReferencing"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="sit:SituationPublication" lang="en"
 modelBaseVersion="3"><com:publicationTime>$begins</com:publicationTime>
<com:publicationCreator><com:country>gb</com:country><com:nationalIdentifier>X</com:nationalIdentifier>
</com:publicationCreator><sit:situation id="$id">
<sit:headerInformation><com:informationStatus>real</com:informationStatus></sit:headerInformation>
<sit:situationRecord xsi:type="sit:PublicEvent" id="$id-1" version="1">
<sit:situationRecordCreationTime>$begins</sit:situationRecordCreationTime>
<sit:situationRecordVersionTime>$begins</sit:situationRecordVersionTime>
<sit:probabilityOfOccurrence>certain</sit:probabilityOfOccurrence><sit:validity>
<com:validityStatus>active</com:validityStatus><com:validityTimeSpecification>
<com:overallStartTime>$begins</com:overallStartTime><com:overallEndTime>$ends</com:overallEndTime>
</com:validityTimeSpecification></sit:validity><sit:generalPublicComment><sit:comment><com:values>
<com:value lang="en">$call $who</com:value></com:values></sit:comment></sit:generalPublicComment>
<sit:internalNote><sit:comment><com:values><com:value lang="en">$person</com:value></com:values></sit:comment>
</sit:internalNote><sit:locationReference xsi:type="loc:PointLocation"><loc:pointByCoordinates>
<loc:pointCoordinates><loc:latitude>50.1</loc:latitude><loc:longitude>8.1</loc:longitude></loc:pointCoordinates>
</loc:pointByCoordinates></sit:locationReference><sit:publicEventType>demonstration</sit:publicEventType>
</sit:situationRecord></sit:situation></d2:payload>"""

_GTFS_RT = """{"header": {"gtfsRealtimeVersion": "2.0", "incrementality": "FULL_DATASET", "timestamp": "$begins_s"},
"entity": [{"id": "$union-$id", "alert": {"activePeriod": [{"start": "$begins_s", "end": "$ends_s"}],
"informedEntity": [{"routeId": "41"}], "cause": "STRIKE", "effect": "NO_SERVICE",
"url": {"translation": [{"text": "https://transit.example/$union", "language": "en"}]},
"headerText": {"translation": [{"text": "$call", "language": "en"}]},
"descriptionText": {"translation": [{"text": "$call $who", "language": "en"}]}}}]}"""

_SIRI = """<Siri version="2.1" xmlns="http://www.siri.org.uk/siri"><ServiceDelivery>
<ResponseTimestamp>$begins</ResponseTimestamp><ProducerRef>OP41</ProducerRef>
<SituationExchangeDelivery version="2.1"><Situations><PtSituationElement><CreationTime>$begins</CreationTime>
<ParticipantRef>OP41</ParticipantRef><SituationNumber>$id</SituationNumber><Version>1</Version>
<Source><SourceType>directReport</SourceType><Name>$person</Name><Email>$mail</Email><Phone>$phone</Phone></Source>
<Progress>published</Progress><ValidityPeriod><StartTime>$begins</StartTime><EndTime>$ends</EndTime></ValidityPeriod>
<MiscellaneousReason>industrialAction</MiscellaneousReason><Severity>severe</Severity><Audience>public</Audience>
<ReportType>incident</ReportType><Summary xml:lang="en">$call</Summary>
<Description xml:lang="en">$call $who</Description>
<Affects><Networks><AffectedNetwork><AffectedLine><LineRef>OP:41</LineRef></AffectedLine></AffectedNetwork></Networks>
</Affects><Consequences><Consequence><Condition>noService</Condition><Severity>severe</Severity></Consequence>
</Consequences></PtSituationElement></Situations></SituationExchangeDelivery></ServiceDelivery></Siri>"""

_WZDX = """{"feed_info": {"update_date": "$begins", "publisher": "DOT", "version": "4.2", "contact_name": "$person",
"contact_email": "$mail", "data_sources": [{"data_source_id": "1", "organization_name": "DOT",
"contact_name": "$person", "contact_email": "$mail"}]}, "type": "FeatureCollection", "features": [{"id": "$id",
"type": "Feature", "properties": {"core_details": {"data_source_id": "1", "event_type": "work-zone",
"road_names": ["A41"], "direction": "northbound", "description": "Lane shift. $who"}, "start_date": "$begins",
"end_date": "$ends", "vehicle_impact": "all-lanes-closed", "worker_presence": {"are_workers_present": true,
"method": "$person"}}, "geometry": {"type": "LineString", "coordinates": [[8.1, 50.1], [8.11, 50.11]]}}]}"""

_ICAL = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//City//Permits//EN\r
BEGIN:VEVENT\r
UID:$id@$union.example\r
DTSTAMP:$begins_ical\r
DTSTART:$begins_ical\r
DTEND:$ends_ical\r
SUMMARY:%s\r
DESCRIPTION:$call $who\r
GEO:50.1;8.1\r
CATEGORIES:%s\r
ORGANIZER;CN="$person":mailto:$mail\r
CONTACT:$person\\, $phone\r
END:VEVENT\r
END:VCALENDAR\r
"""

_SEARCH = "$person, 9 years old, last seen in a red coat. Call $phone."
DOCUMENTS: Mapping[str, tuple[str, IssuerClass, str]] = {
    "nws-warning": (
        "nws",
        IssuerClass.HAZARD,
        _NWS
        % ("Met", "Flood Warning", "Flood Warning", r"$calm\n\n$$$$\n\nFORECASTER: $person\n$who", "Prepare", "FLW"),
    ),
    "nws-search": (
        "nws",
        IssuerClass.HAZARD,
        _NWS % ("Safety", "Child Abduction Emergency", "Looking for $person", _SEARCH, "Monitor", "CAE"),
    ),
    "datex2-assembly": ("datex2", IssuerClass.TRAFFIC, _DATEX2),
    "gtfs-rt-action": ("gtfs_rt", IssuerClass.TRANSIT, _GTFS_RT),
    "siri-sx-action": ("siri_sx", IssuerClass.TRANSIT, _SIRI),
    "wzdx-works": ("wzdx", IssuerClass.TRAFFIC, _WZDX),
    "ical-fair": ("ical", IssuerClass.EVENTS, _ICAL % ("Autumn Fair", "FAIR")),
    "ical-rally": ("ical", IssuerClass.EVENTS, _ICAL % ("Rally of $union", "DEMONSTRATION")),
}
