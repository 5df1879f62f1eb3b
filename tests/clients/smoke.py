"""Uses the client that was generated from the API's description, against a host: the folder of the client, the host's
address. Says what it saw as JSON."""

import json
import sys

sys.path.insert(0, sys.argv[1])

from tidegate_client import Client
from tidegate_client.api.breakers import list_breakers
from tidegate_client.api.incidents import get_incident, list_incidents
from tidegate_client.api.silences import list_silences, make_silence
from tidegate_client.models import MakeSilenceBody

client = Client(base_url=sys.argv[2])
first = list_incidents.sync(client=client, limit=1)
incident = first.incidents[0]
same = get_incident.sync(id=incident.id, client=client)
body = MakeSilenceBody.from_dict(
    {"matchers": ['alertname="Other"'], "for": "1h", "person": "ada", "comment": "the move"}
)
made = make_silence.sync(client=client, body=body)
missing = get_incident.sync(id="nothing", client=client)
json.dump(
    {
        "incident": same.to_dict(),
        "silence": made.to_dict(),
        "silences": len(list_silences.sync(client=client).silences),
        "breakers": len(list_breakers.sync(client=client).breakers),
        "missing": missing.to_dict(),
    },
    sys.stdout,
)
