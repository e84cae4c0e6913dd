{"@context": "http://environment.data.gov.uk/flood-monitoring/meta/context.jsonld",
 "items": {"description": "River Example", "floodAreaID": "111E", "severityLevel": 2, "timeRaised": "2026-10-25T12:00:00"}}
