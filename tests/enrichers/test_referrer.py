import csv
from collections import Counter

import pytest

from enrichers import referrer
from enrichers._referrer_hosts import MEDIA, TABLE, Hosts, Row, read_spam, read_table, split
from tests.events import an_event

PAGE = "https://shop.example/coffee?colour=red"
ENRICHER = referrer.setup({"REFERRER_SITES": "blog.example, *.brand.example ,https://www.old.example/, [::1]"})


def found(came_from, page_url=PAGE, enricher=ENRICHER, **fields):
    return enricher.enrich(an_event(page_url=page_url, referrer=came_from, **fields))


def test_without_ref_the_tag_could_not_tell():
    assert found(None) is None
    assert found(None, page_url=None) is None
    assert found(None, params={"product": "a"}) is None


def test_an_empty_ref_is_a_direct_visit():
    assert found(None, params={"ref": ""}) == {"medium": "direct"}
    assert found(None, params={"ref": ["", ""]}) == {"medium": "direct"}


def case(came_from, medium, source=None, term=None):
    named = {"medium": medium, "source": source, "term": term}
    return came_from, {key: value for key, value in named.items() if value is not None}


@pytest.mark.parametrize(
    ("came_from", "result"),
    [
        case("https://www.google.com/", "search", "Google"),
        case("https://google.de/search?hl=de&q=rote+Schuhe", "search", "Google", "rote Schuhe"),
        case("http://www.google.co.uk/url?q=&sa=t", "search", "Google"),
        case("https://www.google.com.br:443/", "search", "Google"),
        case("HTTPS://WWW.GOOGLE.CH./", "search", "Google"),
        case("https://images.google.co.jp/", "search", "Google"),
        case("https://search.yahoo.com/search?p=tea", "search", "Yahoo", "tea"),
        case("https://de.search.yahoo.com/", "search", "Yahoo"),
        case("https://us-mg5.mail.yahoo.com/", "mail", "Yahoo Mail"),
        case("https://mail.yahoo.co.jp/", "mail", "Yahoo JAPAN Mail"),
        case("https://mail.google.com/mail/u/0/", "mail", "Gmail"),
        case("https://gemini.google.com/", "ai", "Gemini"),
        case("https://yandex.ru/search/?text=%D1%87%D0%B0%D0%B9", "search", "Yandex", "чай"),
        case("https://mail.yandex.kz/", "mail", "Yandex Mail"),
        case("https://alice.yandex.ru/", "ai", "Alice AI"),
        case("https://www.baidu.com/s?wd=%E8%8C%B6", "search", "Baidu", "茶"),
        case("https://tieba.baidu.com/p/1", "social", "Baidu Tieba"),
        case("https://blog.naver.com/x", "social", "Naver Blog"),
        case("https://www.bing.com/chat", "search", "Bing"),
        case("https://copilot.microsoft.com/", "ai", "Copilot"),
        case("https://chatgpt.com/", "ai", "ChatGPT"),
        case("https://www.perplexity.ai/", "ai", "Perplexity"),
        case("https://t.co/abc", "social", "X"),
        case("https://lm.facebook.com/", "social", "Facebook"),
        case("https://teams.microsoft.com/", "social", "Microsoft Teams"),
        case("https://teams.cloud.microsoft/", "social", "Microsoft Teams"),
        case("https://statics.teams.cdn.office.net/", "social", "Microsoft Teams"),
        case("https://app.slack.com/", "social", "Slack"),
        case("https://a-company.slack.com/", "social", "Slack"),
        case("https://slack-redir.net/link?url=https%3A%2F%2Fshop.example", "social", "Slack"),
        case("android-app://com.Slack/", "social", "Slack"),
        case("https://www.pinterest.co.uk/", "social", "Pinterest"),
        case("https://my.mail.ru/", "social", "Moi Mir"),
        case("https://e.mail.ru/inbox", "mail", "Mail.ru"),
        case("https://go.mail.ru/search?q=a", "search", "Mail.ru Search", "a"),
        case("https://x.safelinks.protection.outlook.com/", "mail", "Outlook"),
        case("https://googleads.g.doubleclick.net/", "paid", "Google Marketing Platform"),
        case("android-app://com.google.android.gm/", "mail", "Gmail"),
        case("android-app://com.google.android.gm", "mail", "Gmail"),
        case("android-app://com.google.android.googlequicksearchbox/https/www.google.com", "search", "Google"),
        case("android-app://org.example.reader/", "unknown", "org.example.reader"),
        case("https://news.example.org/a?q=b", "unknown", "news.example.org"),
        case("https://www.example.org/", "unknown", "example.org"),
        case("https://docs.google.com/", "unknown", "docs.google.com"),
    ],
)
def test_a_host_of_the_table_has_its_medium_and_another_its_name(came_from, result):
    assert found(came_from) == result


@pytest.mark.parametrize(
    "host",
    [
        "google.com.evil.example",
        "notgoogle.com",
        "google.evil.example",
        "google.example",
        "google.com.deu",
        "x.google.com.de",
        "mail-google.com",
        "com",
        "co.uk",
        "facebook.com.example",
        "facebook.co",
        "com.google.android.gm",
    ],
)
def test_a_host_that_only_looks_like_one_of_the_table_is_unknown(host):
    assert found(f"https://{host}/search?q=a") == {"medium": "unknown", "source": host}


@pytest.mark.parametrize(
    ("came_from", "host"),
    [
        ("https://google.com@evil.example/", "evil.example"),
        ("https://user:pass@evil.example:8080/?u=@google.com", "evil.example"),
        ("https://evil.example\\@google.com/", "evil.example"),
        ("https://evil.example?@google.com/", "evil.example"),
        ("https://evil.example#@google.com/", "evil.example"),
        ("//evil.example/google.com", "evil.example"),
        (" https://EVIL.example/ ", "evil.example"),
        ("https://xn--mller-kva.example/", "xn--mller-kva.example"),
        ("https://müller.example/", "müller.example"),
        ("https://www.com/", "www.com"),
        ("http://localhost/", "localhost"),
    ],
)
def test_the_host_is_found_as_a_browser_finds_it(came_from, host):
    assert found(came_from) == {"medium": "unknown", "source": host}


@pytest.mark.parametrize(
    "came_from",
    [
        "null",
        "-",
        " ",
        "\0",
        "://",
        "https://",
        "https:///google.com",
        "https://.google.com/",
        "https://a..b/",
        "https://a b/",
        "https://a\x00.example/",
        "https://google.com\ufffd/",
        "https://<script>/",
        "https://%67oogle.com/",
        "https://[::2/",
        "https://[google.com]/",
        "https://" + "a" * 254 + "/",
        "https:google.com",
        "newsletter",
        "blog/post",
        "unlisted.example/page",
        "javascript:alert(1)//://google.com",
        "chrome-extension://abcdef/",
        "data:text/html,https://google.com",
        "file:///home/me/mail.html",
        "http://203.0.113.77/",
        "http://0x7f.1/",
        "http://[2001:db8::1]:8080/",
        "https://\u0663.\u0663/",
    ],
)
def test_what_names_no_website_is_only_unknown(came_from):
    assert found(came_from) == {"medium": "unknown"}


@pytest.mark.parametrize("came_from", ["google.com/search?q=tea", "www.google.com", "//google.com"])
def test_without_a_scheme_a_host_of_the_table_is_still_known(came_from):
    assert found(came_from)["source"] == "Google"


@pytest.mark.parametrize(
    ("page_url", "came_from"),
    [
        (PAGE, "https://shop.example/"),
        (PAGE, "https://www.shop.example/tea"),
        (PAGE, "http://SHOP.example:8080"),
        (PAGE, "https://blog.example/"),
        (PAGE, "https://brand.example/"),
        (PAGE, "https://a.b.brand.example/"),
        (PAGE, "https://old.example/x"),
        (PAGE, "http://[::1]/"),
        (None, "https://blog.example/"),
        ("https://www.shop.example/", "https://shop.example/x"),
        ("https://shop.example", "https://shop.example/x"),
        ("https://shop.example?a=/", "https://shop.example/x"),
        ("https://me@shop.example/", "https://shop.example/x"),
        ("http://[2001:db8::1]:80/", "http://[2001:db8::1]/"),
        ("https://www.google.com/", "https://google.com/search?q=a"),
    ],
)
def test_the_page_and_its_siblings_are_internal(page_url, came_from):
    assert found(came_from, page_url) == {"medium": "internal"}


@pytest.mark.parametrize(
    ("page_url", "came_from"),
    [
        (PAGE, "https://shop.example.evil.example/"),
        (PAGE, "https://shop.example@evil.example/"),
        (PAGE, "https://my.blog.example/"),
        (PAGE, "https://notbrand.example/"),
        ("https://shop.example", "https://shop.example.evil.example/"),
        ("https://shop.example?", "https://shop.example.evil.example/"),
        ("https://blog.shop.example/", "https://shop.example/"),
        ("", "https://shop.example/"),
    ],
)
def test_another_site_is_not_internal(page_url, came_from):
    assert found(came_from, page_url)["medium"] == "unknown"


@pytest.mark.parametrize(
    ("query", "term"),
    [
        ("q=red%20shoes", "red shoes"),
        ("q=++a%0A%09b+", "a b"),
        ("hl=de&q=&q=tea", "tea"),
        ("q=%E2%98%95", "\N{HOT BEVERAGE}"),
        ("q=a#q=b", "a"),
        ("q=" + "%C3%A9" * 300, "é" * 256),
        ("q=" + "a" * 3000, None),
        ("q=jane%40mail.example", None),
        ("q=jane%2540mail.example", None),
        ("q=%C4%E3", None),
        ("q=%00", None),
        ("q=++", None),
        ("Q=a", None),
        ("p=a", None),
        ("q", None),
        ("=&&=q=", None),
    ],
)
def test_a_search_term_is_one_clean_line_without_a_mail_address(query, term):
    assert found(f"https://google.com/search?{query}").get("term") == term


@pytest.mark.parametrize(
    ("campaign", "came_from", "result"),
    [
        ({"networks": ["Google Ads"]}, "https://www.google.com/", {"medium": "paid", "source": "Google"}),
        ({"networks": ["Meta", "TikTok Ads"]}, "https://t.co/", {"medium": "paid", "source": "X"}),
        ({"networks": ["Meta"]}, "https://l.facebook.com/", {"medium": "social", "source": "Facebook"}),
        (
            {"networks": ["Google Merchant Center"]},
            "https://www.google.com/",
            {"medium": "search", "source": "Google"},
        ),
        ({"networks": ["Meta", "Google Merchant Center"]}, "https://t.co/", {"medium": "social", "source": "X"}),
        ({"networks": ["Google Merchant Center", "Google Ads"]}, "https://t.co/", {"medium": "paid", "source": "X"}),
        ({"medium": "CPC"}, "https://bing.com/search?q=a", {"medium": "paid", "source": "Bing", "term": "a"}),
        ({"medium": "paid_social"}, "https://l.facebook.com/", {"medium": "paid", "source": "Facebook"}),
        ({"medium": "email"}, "https://bing.com/", {"medium": "search", "source": "Bing"}),
        ({"source": "x"}, "https://bing.com/", {"medium": "search", "source": "Bing"}),
        ({"networks": ["Google Ads"]}, "https://news.example.org/", {"medium": "paid", "source": "news.example.org"}),
        ({"networks": ["Google Ads"]}, "?", {"medium": "paid"}),
        ({"networks": ["Google Ads"]}, None, {"medium": "paid"}),
        ({"networks": ["Google Ads"]}, "https://shop.example/", {"medium": "internal"}),
    ],
)
def test_an_ad_is_known_by_the_campaign(campaign, came_from, result):
    assert found(came_from, enrichments={"campaign": campaign}) == result


def test_a_result_is_made_once():
    assert found("https://www.google.com/") is found("https://www.google.com/")


def test_a_referrer_of_any_length_is_answered():
    for mark in ("a", "é", ".", "a.", "/", "@", "&q=", "%ff", "[", "www."):
        for start in ("", "https://", "https://google.com/?q="):
            assert found(start + mark * 3000)["medium"] in ("search", "unknown")


def test_what_may_name_a_person_is_not_anonymous():
    assert set(referrer.anonymous) == {"medium", "source"}


def test_a_spam_host_is_labelled_and_nothing_else_changes(tmp_path):
    file = tmp_path / "spam.txt"
    file.write_text("# from a list\nfree-traffic.example  # seen in May\n*.seo.example\nt.co\n\n", "utf-8")
    enricher = referrer.setup({"REFERRER_SPAM_FILE": str(file)})
    assert found("https://www.free-traffic.example/", enricher=enricher) == {
        "medium": "unknown",
        "source": "free-traffic.example",
        "spam": True,
    }
    assert found("https://a.b.seo.example/", enricher=enricher)["spam"]
    assert found("https://t.co/", enricher=enricher) == {"medium": "social", "source": "X", "spam": True}
    assert "spam" not in found("https://traffic.example/", enricher=enricher)
    assert enricher.status() == {"hosts": len(rows()), "spam_hosts": 3, "problems": []}


def test_a_replaced_spam_file_counts_from_the_next_reload(tmp_path):
    file = tmp_path / "spam.txt"
    file.write_text("a.example", "utf-8")
    enricher = referrer.setup({"REFERRER_SPAM_FILE": str(file)})
    assert "spam" not in found("https://b.example/", enricher=enricher)
    file.write_text("a.example\nb.example", "utf-8")
    enricher.reload()
    assert found("https://b.example/", enricher=enricher)["spam"]


@pytest.mark.parametrize("broken", ["missing", "folder", "binary", "no hosts"])
def test_a_broken_spam_file_is_a_problem_and_costs_nothing_else(tmp_path, broken):
    file = tmp_path / "spam.txt"
    file.write_text("a.example", "utf-8")
    enricher = referrer.setup({"REFERRER_SPAM_FILE": str(file)})
    file.unlink()
    if broken == "folder":
        file.mkdir()
    elif broken == "binary":
        file.write_bytes(b"\xff\xfe\x00\n")
    elif broken == "no hosts":
        file.write_text("a.example\n<html>\nnot a host\n", "utf-8")
    enricher.reload()
    assert found("https://a.example/", enricher=enricher)["spam"]  # the last list that could be read
    fresh = referrer.setup({"REFERRER_SPAM_FILE": str(file)})
    for each in (enricher, fresh):
        [problem] = each.status()["problems"]
        assert "REFERRER_SPAM_FILE" in problem
        assert str(tmp_path) not in problem
        assert found("https://www.google.com/", enricher=each)["source"] == "Google"


def test_a_site_that_is_no_host_is_a_problem():
    enricher = referrer.setup({"REFERRER_SITES": "shop.example, no host,*"})
    assert [problem[:9] for problem in enricher.status()["problems"]] == ["Entry 2 o", "Entry 3 o"]


def rows():
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_table_is_whole_and_in_order():
    problems = []
    assert len(read_table(TABLE, problems)) == len(rows())
    assert problems == []
    order = [(row["medium"], row["source"].casefold(), row["host"]) for row in rows()]
    assert order == sorted(order)
    assert not [host for host, times in Counter(row["host"] for row in rows()).items() if times > 1]
    assert {row["medium"] for row in rows()} == MEDIA


def test_the_table_is_large_enough():
    sources = Counter(medium for medium, _ in {(row["medium"], row["source"]) for row in rows()})
    assert sources["search"] >= 100
    assert sources["social"] >= 60
    assert sources["mail"] >= 30
    assert sources["ai"] >= 20
    assert sum(row["host"].startswith("android-app://") for row in rows()) >= 30


def a_host(pattern):
    return pattern.replace("*.", "any.").replace("{cc}", "zz")


def test_every_row_is_reached_and_none_says_what_another_says_already():
    table = read_table(TABLE, [])
    for row in rows():
        meant = Row(row["medium"], row["source"], tuple(row["term"].split()))
        host = a_host(row["host"])
        if "://" in host:
            assert table.exact[host] == meant
            continue
        assert table.find(host) == meant, row
        without = Hosts()
        without.exact, without.below = dict(table.exact), dict(table.below)
        pattern = row["host"].removeprefix("*.")
        del (without.below if row["host"].startswith("*.") else without.exact)[pattern]
        assert without.find(host) != meant, f"{row['host']} is there already"


def test_a_search_engine_has_term_parameters_and_nothing_else_does():
    for row in rows():
        assert bool(row["term"]) == (row["medium"] == "search" and "://" not in row["host"]), row


def test_a_line_of_the_table_that_makes_no_sense_is_left_out(tmp_path):
    file = tmp_path / "referrer_hosts.csv"
    file.write_text(
        "\ufeffhost,medium,source,term\r\n"
        "ok.example,search,Ok,q query\r\n"
        "ok.example,search,Again,q\r\n"
        "short.example,search,Short\r\n"
        "direct.example,direct,Direct,\r\n"
        "nameless.example,search,,q\r\n"
        "no host,search,None,q\r\n"
        "*.{cc},search,Everything,q\r\n"
        '"*.quoted.example" , mail ,"One, Two",\r\n'
        "country.{cc},search,Country,q\r\n",
        "utf-8",
    )
    problems = []
    hosts = read_table(file, problems)
    assert [int(problem.split()[1]) for problem in problems] == [3, 4, 5, 6, 7, 8]
    assert hosts.find("ok.example") == Row("search", "Ok", ("q", "query"))
    assert hosts.find("a.quoted.example") == Row("mail", "One, Two")
    assert hosts.find("country.fr") == Row("search", "Country", ("q",))
    assert hosts.find("country.com") is None


def test_the_longest_pattern_wins_and_a_name_goes_before_a_country():
    hosts = Hosts()
    for pattern in ("*.a.example", "b.a.example", "*.c.b.a.example", "d.{cc}", "d.de", "*.e.{cc}"):
        hosts.add(pattern, Row("search", pattern))
    expected = {
        "a.example": "*.a.example",
        "b.a.example": "b.a.example",
        "x.b.a.example": "*.a.example",
        "x.c.b.a.example": "*.c.b.a.example",
        "d.de": "d.de",
        "d.fr": "d.{cc}",
        "x.y.e.fr": "*.e.{cc}",
    }
    assert {host: hosts.find(host).source for host in expected} == expected
    assert [hosts.find(host) for host in ("example", "xa.example", "x.d.fr", "d.com", "e.f")] == [None] * 5


def test_a_spam_list_says_how_many_lines_are_no_host():
    problems = []
    assert len(read_spam(["a.example", "", "# x", "a b", "?"], problems)) == 1
    assert problems == ["REFERRER_SPAM_FILE has 2 lines that are no host, the first is line 4."]


def test_a_url_is_split_into_scheme_and_host():
    assert split("HTTPS://www.Shop.Example.:443/a") == ("https", "shop.example")
    assert split("shop.example/a:b") == (None, "shop.example")
    assert split("") == (None, None)
