"""Which models, systems and builds there are, the most common ones first: tables for chromium.py and user_agents.py.

Facts, from makers' specification pages, release notes and what devices send of themselves.
"""

from typing import Final

CHROMIUM: Final = (
    (142, 7444, 175), (141, 7390, 122), (140, 7339, 207), (139, 7258, 154), (138, 7204, 183), (137, 7151, 119),
    (136, 7103, 113), (135, 7049, 114), (134, 6998, 177), (133, 6943, 141), (132, 6834, 159), (131, 6778, 264),
    (130, 6723, 116), (129, 6668, 100), (128, 6613, 137), (127, 6533, 119), (126, 6478, 182), (125, 6422, 141),
    (124, 6367, 207), (123, 6312, 122), (122, 6261, 128), (121, 6167, 184), (120, 6099, 224),
)  # fmt: skip
"""Major version, build, and the highest patch that was common."""

OLD_CHROMIUM: Final = (
    "109.0.5414.120", "108.0.5359.128", "106.0.5249.119", "103.0.5060.134", "99.0.4844.88", "96.0.4664.110",
    "92.0.4515.159", "87.0.4280.141", "81.0.4044.138", "74.0.3729.157", "70.0.3538.110", "49.0.2623.112",
)  # fmt: skip
"""From before Chrome cut its user agent down (version 110)."""

FIREFOX: Final = (145, 144, 140, 143, 142, 128, 141, 139, 115, 138, 136, 135, 133, 131, 102, 78)

PHONES: Final = (
    "SM-A556B", "SM-S918B", "SM-A546B", "SM-S928B", "SM-A155F", "SM-S911B", "SM-A536B", "SM-G991B", "SM-A528B",
    "SM-A346B", "SM-G780G", "SM-S921B", "SM-A256B", "SM-S938B", "SM-A137F", "SM-A145R", "SM-G998B", "SM-S901B",
    "SM-A336B", "SM-A326B", "SM-A166B", "SM-A057G", "SM-S908B", "SM-F946B", "SM-F731B", "SM-A226B", "SM-G781B",
    "SM-A525F", "SM-A325F", "SM-A127F", "SM-G973F", "SM-M135F", "SM-S936B", "SM-S711B", "SM-A047F", "SM-A135F",
    "SM-A515F", "SM-G996B", "SM-A715F", "SM-M236B", "SM-A125F", "SM-G990B", "SM-S721B", "SM-F956B", "SM-A105FN",
    "Pixel 8", "Pixel 7a", "Pixel 9", "Pixel 8a", "Pixel 7", "Pixel 6a", "Pixel 9 Pro", "Pixel 8 Pro", "Pixel 6",
    "Pixel 7 Pro", "Pixel 9 Pro XL", "Pixel 9a", "Pixel 5", "Pixel 4a", "Pixel Fold",
    "2201117TY", "23021RAA2Y", "22101316G", "2201116SG", "2312DRA50G", "23090RA98G", "M2101K6G", "21081111RG",
    "22071219CG", "23053RN02A", "220333QNY", "M2012K11AG", "2107113SG", "23127PN0CG", "24117RN76G", "M2003J15SC",
    "Redmi Note 8 Pro", "Redmi Note 9 Pro", "POCO F3", "Mi 9T", "Redmi 9A", "23106RN0DA", "22111317G", "24069PC21G",
    "CPH2333", "CPH2195", "CPH2387", "CPH2473", "CPH2581", "CPH2211", "CPH2179", "CPH2641", "RMX3085", "RMX3241",
    "RMX3624", "RMX3710", "RMX3890", "RMX3363", "V2109", "V2206", "V2247", "V2158", "V2322", "LE2113", "KB2003",
    "IN2013", "AC2003", "CPH2449", "A063", "A142", "A065", "moto g54 5G", "moto g84 5G", "moto g(30)", "moto e13",
    "motorola edge 40", "motorola edge 30 neo", "moto g(60)", "moto g32", "moto g24", "XT2343-1", "XQ-DQ54", "XQ-CC54",
    "XQ-BC52", "XQ-DE54", "Nokia G42 5G", "Nokia X30 5G", "Nokia 5.4", "TECNO KI5k", "TECNO BG6", "Infinix X6833B",
    "Infinix X669C", "ELE-L29", "ANE-LX1", "VOG-L29", "MAR-LX1A", "POT-LX1", "STK-LX1", "JAD-LX9", "YAL-L21",
    "ALI-NX1", "REA-NX9", "CRT-LX1", "FP4", "FP5", "ZTE Blade A52", "LM-K420", "LM-G900", "TA-1234", "T431D", "6156D",
    "Gigaset GS5", "GS190", "S62 Pro", "BV9300", "KIW-L21", "SO-52C", "SH-54C", "A102SO", "SHG07", "KYG03",
)  # fmt: skip

TABLETS: Final = (
    "SM-X200", "SM-T510", "SM-X210", "SM-X700", "SM-T500", "SM-P610", "SM-X110", "SM-X710", "SM-T580", "SM-T220",
    "SM-X810", "SM-P613", "SM-T870", "SM-X510", "Lenovo TB-X606F", "TB350FU", "TB128FU", "Lenovo TB-8505F",
    "Pixel Tablet", "23043RP34G", "21051182G", "AGS3-W09", "BAH3-W59", "KFTRWI", "KFONWI", "KFMAWI", "KFTUWI",
)  # fmt: skip

ANDROIDS: Final = {
    "15": ("AP3A.240905.015.A2", "BP1A.250505.005", "AP4A.250105.002"),
    "14": ("UP1A.231005.007", "UKQ1.230917.001", "AP2A.240905.003"),
    "13": ("TP1A.220624.014", "TKQ1.221114.001", "TQ3A.230901.001"),
    "16": ("BP2A.250605.031.A2", "BP3A.250905.014"),
    "12": ("SP1A.210812.016", "SKQ1.211006.001"),
    "11": ("RP1A.200720.012", "RKQ1.200826.002"),
    "10": ("QP1A.190711.020", "QKQ1.191215.002"),
    "9": ("PPR1.180610.011", "PKQ1.190616.001"),
    "8.1.0": ("O11019", "M1AJQ"),
    "8.0.0": ("R16NW",),
    "7.0": ("NRD90M",),
    "6.0.1": ("MMB29M",),
}
"""Builds of each Android."""

IPHONES: Final = (
    "iPhone14,5", "iPhone15,2", "iPhone16,1", "iPhone12,1", "iPhone13,2", "iPhone17,3", "iPhone15,3", "iPhone16,2",
    "iPhone17,1", "iPhone14,7", "iPhone15,4", "iPhone12,8", "iPhone14,2", "iPhone17,2", "iPhone14,3", "iPhone14,6",
    "iPhone13,3", "iPhone11,8", "iPhone13,4", "iPhone12,5", "iPhone12,3", "iPhone15,5", "iPhone14,8", "iPhone17,4",
    "iPhone13,1", "iPhone14,4", "iPhone10,6", "iPhone11,2", "iPhone10,4", "iPhone11,6", "iPhone17,5", "iPhone18,3",
)  # fmt: skip

IOS: Final = (
    ("18.6", "18.6.2"), ("18.5", "18.5"), ("26.1", "26.1"), ("26.0", "26.0.1"), ("18.7", "18.7.1"), ("17.6", "17.6.1"),
    ("18.3", "18.3.2"), ("18.1", "18.1.1"), ("17.5", "17.5.1"), ("16.7", "16.7.11"), ("18.4", "18.4.1"),
    ("17.7", "17.7.2"), ("15.8", "15.8.4"), ("18.2", "18.2.1"), ("17.4", "17.4.1"), ("16.6", "16.6.1"),
    ("18.0", "18.0.1"), ("17.3", "17.3.1"), ("17.2", "17.2.1"), ("16.3", "16.3.1"), ("17.1", "17.1.2"),
    ("16.1", "16.1.2"), ("15.6", "15.6.1"), ("14.8", "14.8.1"), ("12.5", "12.5.7"),
)  # fmt: skip
"""As Safari says its version, and in full."""

TVS: Final = (
    *(
        f"Mozilla/5.0 (SMART-TV; LINUX; Tizen {tizen}) AppleWebKit/537.36 (KHTML, like Gecko) {chromium}/{tizen} TV Safari/537.36"
        for tizen, chromium in (
            ("8.0", "108.0.5359.1"), ("7.0", "94.0.4606.31"), ("6.5", "85.0.4183.93"), ("6.0", "76.0.3809.146"),
            ("5.5", "69.0.3497.106.1"), ("5.0", "63.0.3239.84"), ("4.0", "56.0.2924.0"), ("9.0", "120.0.6099.5"),
        )
    ),
    *(
        f"Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{chromium} Safari/537.36 WebAppManager"
        for chromium in ("108.0.5359.211", "94.0.4606.128", "87.0.4280.88", "79.0.3945.79", "68.0.3440.106", "53.0.2785.34")
    ),
    *(
        f"Mozilla/5.0 (Linux; Android {android}; {model} Build/{build}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{chromium} Mobile Safari/537.36"
        for android, model, build, chromium in (
            ("11", "BRAVIA 4K VH21", "RTM3.211216.107", "138.0.7204.63"),
            ("12", "Chromecast", "STTL.240206.002", "136.0.7103.60"),
            ("9", "AFTKA", "PS7655.3735N", "112.0.5615.213"),
            ("11", "AFTKRT", "RS8142.3185N", "121.0.6167.101"),
            ("9", "MIBOX4", "PI", "124.0.6367.82"),
        )
    ),
    "Mozilla/5.0 (Linux; U; Android 11; de-de; PHILIPS 50PUS8506 Build/RTM4.210513.185) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/96.0.4664.45 Safari/537.36",
    "Mozilla/5.0 (Linux; NetCast; U) AppleWebKit/537.31 (KHTML, like Gecko) Chrome/38.0.2125.122 Safari/537.31 SmartTV/8.5",
    "Roku/DVP-14.5 (14.5.0.4245-46)",
    "HbbTV/1.6.1 (+DRM; LGE; 55UP75006LF; WEBOS6.0 03.40.70; W60_K6HP; DTV_W21P)",
    "AppleTV11,1/18.6",
)  # fmt: skip

CONSOLES: Final = (
    "Mozilla/5.0 (PlayStation; PlayStation 5/9.00) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.4 Safari/605.1.15",
    "Mozilla/5.0 (PlayStation; PlayStation 5/2.26) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15",
    "Mozilla/5.0 (PlayStation 4 11.00) AppleWebKit/605.1.15 (KHTML, like Gecko)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox Series X) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edge/44.18363.8131",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edge/44.18363.8131",
    "Mozilla/5.0 (Nintendo Switch; WifiWebAuthApplet) AppleWebKit/609.4 (KHTML, like Gecko) NF/6.0.3.22.2 NintendoBrowser/5.1.0.24193",
)
