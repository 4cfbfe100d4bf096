import pytest

from enrichers.campaign import anonymous, enrich
from tests.events import an_event


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
        (None, {"utm_campaign": "spring", "utm_content": "top", "utm_id": "7"}, {"name": "spring", "content": "top", "id": "7"}),
        (None, {"utm_source": ["first", "second"]}, {"source": "first"}),
        (None, {"utm_source": ""}, None),
        (None, {"gclid": "g", "fbclid": "f"}, {"click_ids": {"gclid": "g", "fbclid": "f"}}),
        ("https://s.example/?dclid=d&msclkid=m&ttclid=t&li_fat_id=l", {}, {"click_ids": {"dclid": "d", "msclkid": "m", "ttclid": "t", "li_fat_id": "l"}}),
        ("https://s.example/?utm_source=%ff", {}, {"source": "\ufffd"}),
    ],
)  # fmt: skip
def test_a_campaign_is_read_from_the_tag_and_from_the_page(page_url, params, campaign):
    assert enrich(an_event(page_url=page_url, params=params)) == campaign


def test_what_may_lead_to_a_person_is_not_anonymous():
    assert set(anonymous) == {"source", "medium", "name"}
