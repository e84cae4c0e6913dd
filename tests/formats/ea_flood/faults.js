{"@context": "http://environment.data.gov.uk/flood-monitoring/meta/context.jsonld",
 "items": [
  "UNREAD",
  {"floodAreaID": "UN READ", "severityLevel": 1, "timeRaised": "2026-11-19T05:00:00"},
  {"floodAreaID": "111A", "severityLevel": 5, "timeRaised": "2026-11-19T05:00:00"},
  {"floodAreaID": "111B", "severityLevel": "UNREAD", "timeRaised": "2026-11-19T05:00:00"},
  {"floodAreaID": "111C", "severityLevel": 1, "timeRaised": "UNREAD"},
  {"floodAreaID": "111D", "severityLevel": 2, "timeRaised": "2026-10-25T01:30:00", "floodArea": {"polygon": {"type": "UNREAD"}}}
 ]}
