#!/bin/sh
# A telephone system tells that a call was answered. --data-urlencode escapes what must be escaped;
# X-Pixel-Outcome in the answer says what became of the event. (The image itself is of no use here.)
# PORT=8080 sh examples/curl.sh: when the pixel is on another port.
curl -sS -D - -o /dev/null -G "http://127.0.0.1:${PORT:-7071}/pix" --data-urlencode 'activity=call_answered' --data-urlencode 'customerId=123' --data-urlencode 'agent=Zoë & Co.' --data-urlencode 'seconds=84'
