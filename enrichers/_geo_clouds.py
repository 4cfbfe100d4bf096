"""Autonomous systems of large hosting companies: what comes from there is mostly a machine.

Left out on purpose: Cloudflare (13335), Akamai (36183) and Fastly (54113), through which Apple's Private Relay and
WARP carry people, and VPN carriers. Whose a number is: the RIRs' registries, such as https://bgp.tools/as/16509
"""

from typing import Final

CLOUDS: Final = {
    7224: "Amazon",
    14618: "Amazon",
    16509: "Amazon",
    15169: "Google",
    396982: "Google Cloud",
    8068: "Microsoft",
    8069: "Microsoft",
    8075: "Microsoft",
    31898: "Oracle Cloud",
    36351: "IBM Cloud",
    37963: "Alibaba Cloud",
    45102: "Alibaba Cloud",
    45090: "Tencent Cloud",
    132203: "Tencent Cloud",
    55990: "Huawei Cloud",
    136907: "Huawei Cloud",
    14061: "DigitalOcean",
    16276: "OVH",
    24940: "Hetzner",
    212317: "Hetzner",
    213230: "Hetzner",
    63949: "Linode",
    20473: "Vultr",
    12876: "Scaleway",
    51167: "Contabo",
    40021: "Contabo",
    60781: "Leaseweb",
    28753: "Leaseweb",
    30633: "Leaseweb",
    8560: "IONOS",
    26496: "GoDaddy",
    47583: "Hostinger",
    197540: "netcup",
    202053: "UpCloud",
    61098: "Exoscale",
    33070: "Rackspace",
    27357: "Rackspace",
    54825: "Equinix Metal",
}
"""Name by number."""
