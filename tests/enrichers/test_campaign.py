from itertools import permutations
from urllib.parse import quote, unquote

import pytest

from enrichers.campaign import LIMIT, NAMES, NETWORKS, anonymous, enrich
from tests.events import an_event


def clicks(networks, **click_ids):
    return {"click_ids": click_ids, "networks": networks}


@pytest.mark.parametrize(
    ("page_url", "params", "campaign"),
    [
        (None, {}, None),
        ("https://shop.example/", {}, None),
        ("https://shop.example/?x=utm_source", {}, None),
        ("https://shop.example/?utm_source=news", {}, {"source": "news"}),
        ("https://shop.example/?a=1&utm_source=a%20b+c&utm_medium=email#x", {}, {"source": "a b c", "medium": "email"}),
        ("https://shop.example/#utm_source=news", {}, None),
        ("https://shop.example/?utm_source=", {}, None),
        ("https://shop.example/?utm_source=page", {"utm_source": "tag"}, {"source": "tag"}),
        ("https://shop.example/?utm_term=page", {"utm_source": "tag"}, {"source": "tag", "term": "page"}),
        ("https://shop.example/?utm_source=page", {"utm_source": ""}, {"source": "page"}),
        (None, {"utm_campaign": "spring", "utm_content": "top", "utm_id": "7"}, {"name": "spring", "content": "top", "id": "7"}),
        (None, {"utm_source": ["first", "second"]}, {"source": "first"}),
        (None, {"utm_source": ["", "second"]}, {"source": "second"}),
        ("https://shop.example/?utm_source=&utm_source=first&utm_source=second", {}, {"source": "first"}),
        (None, {"utm_source": ""}, None),
        (None, {"utm_source": ["", ""]}, None),
        (None, {"gclid": "g", "fbclid": "f"}, clicks(["Google Ads", "Meta"], gclid="g", fbclid="f")),
        ("https://s.example/?dclid=d&msclkid=m", {}, clicks(["Google Marketing Platform", "Microsoft Advertising"], dclid="d", msclkid="m")),
        ("https://s.example/?ttclid=t&li_fat_id=l", {}, clicks(["TikTok Ads", "LinkedIn Ads"], ttclid="t", li_fat_id="l")),
        ("https://s.example/?gad_source=1&gad_campaignid=22", {}, {"id": "22", **clicks(["Google Ads"], gad_source="1")}),
        ("https://s.example/?gclid=1&gbraid=2&gad_source=1", {}, clicks(["Google Ads"], gclid="1", gbraid="2", gad_source="1")),
        ("https://s.example/?gad_campaignid=22&utm_id=mine", {}, {"id": "mine"}),
        ("https://s.example/?srsltid=AfmBOop", {}, clicks(["Google Merchant Center"], srsltid="AfmBOop")),
        ("https://s.example/?mc_cid=5d1f&mc_eid=9a2b", {}, {"id": "5d1f"}),
        ("https://s.example/?utm_source_platform=a&utm_creative_format=b&utm_marketing_tactic=c", {}, {"source_platform": "a", "creative_format": "b", "marketing_tactic": "c"}),
        ("https://s.example/?gclid=page&fbclid=f", {"gclid": "tag"}, clicks(["Google Ads", "Meta"], gclid="tag", fbclid="f")),
        ("https://s.example/?utm_source=a", {"gclid": "g"}, {"source": "a", **clicks(["Google Ads"], gclid="g")}),
        ("https://s.example/?yclid=17829364523", {}, clicks(["Yandex Direct"], yclid="17829364523")),
        ("https://s.example/?yclid=YSS.1000207817.EAIa", {}, clicks(["Yahoo! JAPAN Ads"], yclid="YSS.1000207817.EAIa")),
        ("https://s.example/?ScCid=a&sccid=b", {}, clicks(["Snapchat Ads"], ScCid="a", sccid="b")),
        ("https://s.example/?utm_source=%ff", {}, {"source": "\ufffd"}),
        ("https://s.example/?utm_source=a&UTM_MEDIUM=b&utm%5Fterm=c&GCLID=d&mc_eid=e&_kx=f", {}, {"source": "a"}),
    ],
)  # fmt: skip
def test_a_campaign_is_read_from_the_tag_and_from_the_page(page_url, params, campaign):
    assert enrich(an_event(page_url=page_url, params=params)) == campaign


@pytest.mark.parametrize(
    ("page_url", "campaign"),
    [
        (
            "https://s.example/?mtm_campaign=sale&mtm_source=news&mtm_medium=email&mtm_keyword=tea&mtm_content=link&mtm_cid=12"
            "&mtm_group=customers&mtm_placement=footer",
            {"name": "sale", "source": "news", "medium": "email", "term": "tea", "content": "link", "id": "12", "group": "customers", "placement": "footer"},
        ),
        ("https://s.example/?pk_campaign=sale&pk_kwd=tea&pk_source=news", {"name": "sale", "term": "tea", "source": "news"}),
        ("https://s.example/?pk_cpn=a&pk_keyword=b", {"name": "a", "term": "b"}),
        ("https://s.example/?piwik_campaign=a&piwik_kwd=b", {"name": "a", "term": "b"}),
        ("https://s.example/?matomo_campaign=a&matomo_kwd=b", {"name": "a", "term": "b"}),
        ("https://s.example/#mtm_campaign=a%20b&mtm_kwd=c", {"name": "a b", "term": "c"}),
        ("https://s.example/?x=1#/offer?pk_campaign=a&utm_source=b&gclid=c", {"name": "a"}),
        ("https://s.example/?mtm_campaign=query#mtm_campaign=fragment", {"name": "query"}),
        ("https://s.example/#/offer?utm_source=a", None),
        ("https://s.example/#mtm_campaign", None),
    ],
)  # fmt: skip
def test_the_names_of_matomo_are_read_too_in_the_fragment_as_well(page_url, campaign):
    assert enrich(an_event(page_url=page_url)) == campaign


@pytest.mark.parametrize("order", list(permutations(("utm_campaign", "mtm_campaign", "pk_campaign"))))
def test_utm_goes_before_mtm_before_pk(order):
    page = "https://s.example/?" + "&".join(f"{name}={name}" for name in order)
    assert enrich(an_event(page_url=page)) == {"name": "utm_campaign"}
    assert enrich(an_event(params={name: name for name in order if name != "utm_campaign"})) == {
        "name": "mtm_campaign"
    }


def test_what_the_tag_says_goes_before_the_page_under_any_name():
    page = "https://s.example/?utm_campaign=page"
    assert enrich(an_event(page_url=page, params={"pk_campaign": "tag"})) == {"name": "tag"}


def test_every_click_id_has_its_network_and_no_name_stands_twice():
    names = [name for names in NAMES.values() for name in names] + list(NETWORKS)
    assert len(set(names)) == len(names)
    for name, network in NETWORKS.items():
        assert enrich(an_event(params={name: "1"})) == clicks([network], **{name: "1"})


@pytest.mark.parametrize("too_long", ["a" * (LIMIT + 1), "%41" * (LIMIT + 1)])
def test_a_value_that_is_no_campaign_is_left_out_rather_than_cut(too_long):
    page = f"https://s.example/?utm_source={too_long}&utm_medium={'b' * LIMIT}"
    assert enrich(an_event(page_url=page)) == {"medium": "b" * LIMIT}
    assert enrich(an_event(params={"utm_source": "a" * (LIMIT + 1), "gclid": "1" * 8000})) is None


@pytest.mark.parametrize("written", ["jane.doe@example.com", "jane.doe%40example.com", "jane.doe%2540example.com"])
def test_a_value_with_a_mail_address_is_left_out(written):
    page = f"https://s.example/?utm_campaign={written}&utm_medium=email"
    assert enrich(an_event(page_url=page)) == {"medium": "email"}
    assert enrich(an_event(params={"utm_source": unquote(written)})) is None


@pytest.mark.parametrize(
    ("value", "cleaned"),
    [
        ("spring", "spring"),
        (" spring  sale ", "spring  sale"),
        ("spring\r\n\tsale\0", "spring sale"),
        ("\u2028spring\x9f", "spring"),
        ("\u00a0spring\u3000", "spring"),
        ("\U0001f469\u200d\U0001f4bb", "\U0001f469\u200d\U0001f4bb"),
        (" ", None),
        ("\0\n", None),
    ],
)
def test_a_value_is_one_line_without_spaces_around_it(value, cleaned):
    campaign = cleaned and {"source": cleaned, **clicks(["Yandex Direct"], yclid=cleaned)}
    assert enrich(an_event(params={"utm_source": value, "yclid": value})) == campaign
    page = f"https://s.example/?utm_source={quote(value)}&yclid={quote(value)}"
    assert enrich(an_event(page_url=page)) == campaign


def test_a_value_that_is_empty_once_cleaned_leaves_its_place_to_the_next():
    page = "https://s.example/?utm_source=+&utm_source=%0A&mtm_source=news"
    assert enrich(an_event(page_url=page)) == {"source": "news"}


@pytest.mark.parametrize(
    "page_url",
    [
        "?" * 4096,
        "#" * 4096,
        "?" + "&" * 4095,
        "?utm_source" * 300,
        "?utm_source=" + "%" * 4000,
        "?utm_source=&" * 300,
        "?gclid=\0\ufffd&=&=utm_source=",
        "#=mtm_campaign=",
        "mailto:a?utm_source",
        "\0#\0?\0",
    ],
)
def test_any_url_has_an_answer(page_url):
    found = enrich(an_event(page_url=page_url))
    assert found is None or all(found.values())


def test_a_tag_changes_no_result_of_its_page():
    page = "https://s.example/?utm_source=page&gclid=page"
    before = enrich(an_event(page_url=page))
    enrich(an_event(page_url=page, params={"utm_source": "tag", "gclid": "tag", "fbclid": "tag"}))
    assert enrich(an_event(page_url=page)) == before == {"source": "page", **clicks(["Google Ads"], gclid="page")}


def test_what_may_lead_to_a_person_is_not_anonymous():
    assert set(anonymous) == {"source", "medium", "name", "networks"}
