"""The words of the pages are plain, in the right characters, and name nobody in a way that deaf people do not.

For many deaf people the written language is a second one: what customers read is held to the strictest limits.
"""

from __future__ import annotations

import re

import pytest

from tests import catalogues
from tests.catalogues import CHINESE, catalogue, for_customers, keys_within, sentences, words
from web.pages import LOCALES

pytestmark = pytest.mark.unit

CHINESE_LOCALES = ("zh-CN", "zh-HK")
# DESIGN.md, section 4, and what says the same elsewhere.
BANNED = {
    "zh-CN": ("聋哑", "哑巴", "哑语", "正常人", "健全", "爱心", "残疾", "残障", "弱势", "关爱", "特殊人群", "无声世界"),
    "zh-HK": ("聾啞", "啞巴", "啞語", "正常人", "健全", "愛心", "殘疾", "殘障", "弱勢", "關愛", "失聰", "無聲世界"),
    "en": (
        *("deaf-mute", "deaf mute", "deaf and dumb", "hearing impaired", "hearing-impaired", "hearing loss"),
        *("handicap", "disabled person", "disabled people", "normal people", "normal hearing", "suffer", "afflicted"),
        *("special needs", "silent world", "sign language speaker"),
    ),
}
# Words of those who build the service: nobody has to know them to get through.
JARGON = {
    "zh-CN": "服务器 客户端 会话 令牌 协议 编码 解码 带宽 缓存 延迟 丢包 帧率 端口 接口 参数 异常 媒体流 信令 节点",
    "zh-HK": "伺服器 用戶端 會話 權杖 協定 編碼 解碼 頻寬 快取 延遲 封包 幀 連接埠 介面 參數 異常 媒體流 信令 節點",
    "en": (
        "webrtc sdp ice stun turn-server token session server socket websocket codec bitrate bandwidth latency packet "
        "frame frames cookie cookies cache api http json timeout backend client peer endpoint protocol null undefined "
        "initialize configure authenticate authorize"
    ),
}
MIXED_IN = re.compile(r"[A-Za-z]+")
LATIN_OF_CUSTOMERS = {"App", "MB", "https"}
LONGEST_SENTENCE = {"zh-CN": (30, 36), "zh-HK": (30, 36), "en": (15, 20)}
LONGEST_TEXT = {"zh-CN": 60, "zh-HK": 60, "en": 150}
LONGEST_BUTTON = {"zh-CN": 12, "zh-HK": 12, "en": 34}
LONGEST_BAR_BUTTON = {"zh-CN": 4, "zh-HK": 4, "en": 12}
LONGEST_PILL = {"zh-CN": 6, "zh-HK": 6, "en": 18}
# Long words that everybody meets in any app.
LONG_BUT_KNOWN = {"american", "coordinator", "reconnecting"}
READING_GRADE = 4.0
READING_GRADE_OF_ONE = 9.0
# Not among the 3755 characters of everyday use, and no other word says it.
RARE_BUT_KNOWN = {"浏"}
# Written in Hong Kong, and in its supplement to Big5 only.
HONG_KONG_OWN = {"裏", "着"}
# Simplified characters that are traditional ones with another meaning, in words in which they would be wrong.
TAKEN_FOR_TRADITIONAL = "后面 后来 之后 以后 然后 最后 这里 哪里 里面 几个 干净 台风 面条 松开 回复"
# What is said in other places, and what Hong Kong says.
SAID_ELSEWHERE = """
    視頻 視像  影片 視像  攝像頭 鏡頭  屏幕 螢幕  網路 網絡  信息 訊息  短信 短訊  登錄 登入  賬號 帳戶  帳號 帳戶
    鏈接 連結  文件 檔案  程序 程式  麥克風 咪高峰  數據庫 資料庫  裡 裏  點擊 按  打車 接送  班次 更次  導入 匯入
    導出 匯出  卸載 移除  激活 啟用  質量 質素  默認 預設  公眾號 專頁  刷新 更新
"""


@pytest.mark.parametrize("locale", LOCALES)
def test_nobody_is_called_names(locale: str) -> None:
    texts = catalogue(locale)
    assert {key: text for key, text in texts.items() for word in BANNED[locale] if word in text.lower()} == {}


@pytest.mark.parametrize("locale", CHINESE_LOCALES)
def test_customers_read_no_words_of_engineers(locale: str) -> None:
    texts = for_customers(locale)
    assert {key: word for key, text in texts.items() for word in JARGON[locale].split() if word in text} == {}
    latin = {key: set(MIXED_IN.findall(catalogues.PLACEHOLDER.sub("", text))) for key, text in texts.items()}
    assert {key: found for key, found in latin.items() if found - LATIN_OF_CUSTOMERS} == {}


def test_customers_read_no_english_words_of_engineers() -> None:
    jargon = set(JARGON["en"].split())
    found = {key: set(re.findall(r"[a-z-]+", text.lower())) & jargon for key, text in for_customers("en").items()}
    assert {key: terms for key, terms in found.items() if terms} == {}


@pytest.mark.parametrize("locale", LOCALES)
def test_texts_and_their_sentences_are_short(locale: str) -> None:
    texts, customers = catalogue(locale), for_customers(locale)
    assert {key: text for key, text in texts.items() if len(text) > LONGEST_TEXT[locale]} == {}
    strict, loose = LONGEST_SENTENCE[locale]
    long = {
        key: one
        for key, text in texts.items()
        for one in sentences(text)
        if len(words(one) if locale == "en" else one) > (strict if key in customers else loose)
    }
    assert long == {}


@pytest.mark.parametrize("locale", LOCALES)
def test_buttons_and_pills_are_a_few_words(locale: str) -> None:
    texts = catalogue(locale)
    bare = {key: catalogues.PLACEHOLDER.sub("", text) for key, text in texts.items()}
    buttons, bar = keys_within(r"h\(\s*\"button\""), keys_within("barButton")
    pills = {key for key in texts if re.match(r"call\.pill\.|agent\.(customer|preview)_word\.|agent\.state\.", key)}
    assert len(buttons) > 20
    assert len(bar) == len(keys_within("barButton") & set(texts)) > 4
    for keys, most in ((buttons, LONGEST_BUTTON), (bar, LONGEST_BAR_BUTTON), (pills, LONGEST_PILL)):
        assert {key: texts[key] for key in keys & set(texts) if len(bare[key]) > most[locale]} == {}


def test_english_is_read_after_four_years_of_school() -> None:
    texts = for_customers("en")
    assert catalogues.grade(list(texts.values())) < READING_GRADE
    hard = {
        key: one
        for key, text in texts.items()
        for one in sentences(text)
        if len(words(one)) > 5 and catalogues.grade([one]) > READING_GRADE_OF_ONE
    }
    assert hard == {}
    many = {word.lower() for text in texts.values() for word in words(text) if catalogues.syllables(word) > 3}
    assert many - LONG_BUT_KNOWN == set()


def test_the_grade_tells_easy_words_from_hard_ones() -> None:
    easy, hard = (
        "We see you now. Please sign.",
        "Subsequently, an unavailable intermediary necessitates reconfiguration.",
    )
    assert catalogues.grade([easy]) < 2
    assert catalogues.grade([hard]) > 15


def test_simplified_characters_are_everyday_ones() -> None:
    found = {
        char: key
        for key, text in catalogue("zh-CN").items()
        for char in CHINESE.findall(text)
        if char not in RARE_BUT_KNOWN and not _is_everyday(char)
    }
    assert found == {}


def test_hong_kong_reads_traditional_characters_and_its_own_words() -> None:
    texts = catalogue("zh-HK")
    assert {
        char: key
        for key, text in texts.items()
        for char in CHINESE.findall(text)
        if char not in HONG_KONG_OWN and not _is_everyday_traditional(char)
    } == {}
    assert {key: word for key, text in texts.items() for word in TAKEN_FOR_TRADITIONAL.split() if word in text} == {}
    pairs = SAID_ELSEWHERE.split()
    ours = dict(zip(pairs[::2], pairs[1::2], strict=True))
    assert {key: (word, say) for key, text in texts.items() for word, say in ours.items() if word in text} == {}


@pytest.mark.parametrize(
    ("simplified", "traditional"), [*zip("网视频没请开来说话铃", "網視頻沒請開來說話鈴", strict=True)]
)
def test_the_scripts_are_told_apart(simplified: str, traditional: str) -> None:
    assert (_is_everyday(simplified), _is_everyday_traditional(simplified)) == (True, False)
    assert (_is_everyday(traditional), _is_everyday_traditional(traditional)) == (False, True)


@pytest.mark.parametrize("locale", CHINESE_LOCALES)
def test_chinese_punctuation_is_chinese(locale: str) -> None:
    half_width = re.compile(r"[\u3400-\u9fff}][,;!?()]|[\u3400-\u9fff][.:](?!\d)|[(][\u3400-\u9fff]|\.\.\.|'|\"")
    foreign_quotes = {"zh-CN": "「」『』", "zh-HK": "“”‘’"}[locale]
    texts = catalogue(locale)
    assert {key: text for key, text in texts.items() if half_width.search(text)} == {}
    assert {key: text for key, text in texts.items() if set(text) & set(foreign_quotes)} == {}


def test_chinese_that_the_service_writes_itself_has_its_punctuation() -> None:
    """Its page of errors, its page of the certificate, its demo's people."""
    half_width = re.compile(r"[\u3400-\u9fff][,;:!?]|[「」]")
    files = [file for file in (catalogues.WEB.parent / "video_service").glob("*.py") if file.name != "shift_import.py"]
    lines = [(file.name, line) for file in files for line in file.read_text("utf-8").splitlines()]
    assert any(CHINESE.search(line) for _, line in lines)
    assert [line for line in lines if half_width.search(line[1])] == []


def test_hong_kong_is_no_copy_in_other_characters() -> None:
    """Written for its readers: many of its texts differ by more than the shape of their characters."""
    mainland, hong_kong = catalogue("zh-CN"), catalogue("zh-HK")
    longer = [key for key in mainland if len(mainland[key]) != len(hong_kong[key])]
    assert len(longer) > len(mainland) / 5


def _is_everyday(char: str) -> bool:
    """Tell whether GB 2312 has the character in its first level, rows 16 to 55: those used most."""
    return b"\xb0" <= char.encode("gb2312", "replace")[:1] <= b"\xd7"


def _is_everyday_traditional(char: str) -> bool:
    """Tell whether Big5 has the character in its first level, up to C67E: those used most."""
    return b"\xa4\x40" <= char.encode("big5", "replace") <= b"\xc6\x7e"
