"""The access log of Azure Front Door Standard, as diagnostic settings put it on an event hub."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

HOST = "pixel-abc.z01.azurefd.net"


def record(
    target: str, headers: Mapping[str, str], address: str, *, reference: str, rules: Iterable[str] = ()
) -> dict[str, Any]:
    """Return the record of a GET. Headers have lower-case names; the log has two of them, and `rules` that matched others.

    The shape of a record of Front Door Standard, of 2025: text in all values but the list of rules.
    """
    return {
        "time": "2026-11-21T08:04:29.1234567Z",
        "resourceId": "/SUBSCRIPTIONS/0/RESOURCEGROUPS/RG-PIXEL/PROVIDERS/MICROSOFT.CDN/PROFILES/AFD-PIXEL",
        "category": "FrontDoorAccessLog",
        "operationName": "Microsoft.Cdn/Profiles/AccessLog/Write",
        "properties": {
            "trackingReference": reference,
            "httpMethod": "GET",
            "httpVersion": "2.0.0.0",
            "requestUri": f"https://{HOST}:443{target}",
            "sni": HOST,
            "requestBytes": "312",
            "responseBytes": "387",
            "userAgent": headers.get("user-agent", ""),
            "clientIp": "198.51.100.99",
            "clientPort": "55262",
            "socketIp": address,
            "timeToFirstByte": "0.001",
            "timeTaken": "0.001",
            "requestProtocol": "HTTPS",
            "securityProtocol": "TLS 1.3",
            "rulesEngineMatchNames": list(rules),
            "httpStatusCode": "200",
            "httpStatusDetails": "200",
            "pop": "ZRH",
            "cacheStatus": "HIT",
            "errorInfo": "NoError",
            "ErrorInfo": "NoError",
            "result": "N/A",
            "endpoint": HOST,
            "routingRuleName": "pixel",
            "hostName": HOST,
            "originUrl": "N/A",
            "originIp": "N/A",
            "originName": "N/A",
            "originCryptProtocol": "N/A",
            "referer": headers.get("referer", ""),
            "clientCountry": "Switzerland",
            "domain": f"{HOST}:443",
            "securityCipher": "TLS_AES_256_GCM_SHA384",
            "securityCurves": "0x11ec:X25519:prime256v1:secp384r1",
        },
    }


def message(*records: object) -> bytes:
    """Return the message that holds these records."""
    return json.dumps({"records": records}).encode()
