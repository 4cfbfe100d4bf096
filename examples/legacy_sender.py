#!/usr/bin/env python3
# partner ad reporting
# 2009-03-12  first version
# 2011-07-05  quote the customer name, broke on umlauts
# 2021-02-01  python 3 (urllib2 is gone)
#
# Sends the parameters it always sent: userid, thirdpartyname, text in latin-1.
# The pixel must be started with
#     PIXEL_ALIASES=userid=customerId,thirdpartyname=source
# so that it knows them by their new names. Nothing is to be changed here.
#
# usage: legacy_sender.py [URL]

import sys
import urllib.parse
import urllib.request

url = "http://127.0.0.1:7071/pix"
if len(sys.argv) > 1:
    url = sys.argv[1]

ads = [
    (4711, "Blumen M\xfcller", "ad_shown", 3),
    (4712, "Caf\xe9 Central", "ad_clicked", 1),
]

for userid, name, what, count in ads:
    query = "userid=%d&thirdpartyname=adpartner&activity=%s&customername=%s&count=%d" % (
        userid, what, urllib.parse.quote_plus(name.encode("latin-1")), count)
    answer = urllib.request.urlopen(url + "?" + query)
    print("%d %s: %d %s" % (userid, what, answer.getcode(), answer.headers["X-Pixel-Outcome"]))
    answer.close()
