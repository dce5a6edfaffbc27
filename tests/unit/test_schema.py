"""The committed protocol files say what the messages say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from signaling import messages, schema

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(schema.json_schema())
    return loaded


def _validator(document: dict[str, Any], name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": document["$defs"]})


def test_the_committed_files_are_current() -> None:
    schema.check()


def test_a_missing_and_a_changed_file_are_named_and_written_anew(tmp_path: Path) -> None:
    with pytest.raises(schema.ProtocolFilesDiffer) as missing:
        schema.check(tmp_path)
    assert missing.value.data == {"files": ["docs/protocol.schema.json", "web/shared/messages.d.ts"]}

    assert [path.name for path in schema.write(tmp_path)] == ["protocol.schema.json", "messages.d.ts"]
    schema.check(tmp_path)
    assert schema.write(tmp_path) == []

    changed = tmp_path / schema.TYPES_PATH
    changed.write_text(changed.read_text(encoding="utf-8").replace("epoch: number", "epoch: string"), encoding="utf-8")
    with pytest.raises(schema.ProtocolFilesDiffer) as stale:
        schema.check(tmp_path)
    assert stale.value.data == {"files": ["web/shared/messages.d.ts"]}
    assert schema.write(tmp_path) == [changed]


def test_the_schema_is_a_schema(document: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(document)
    assert document["protocol"]["version"] == messages.PROTOCOL_VERSION
    assert document["protocol"]["close_codes"]["REPLACED"] == 4409


FROM_PAGE = [
    {"type": "hello", "v": 1, "ticket": "t" * 22, "codecs": ["video/H264", "video/VP8"], "locale": "zh-CN"},
    {"type": "join"},
    {"type": "join", "urgent": True, "reason": "airport", "needs": ["csl"], "consent": 1},
    {"type": "another_signer", "call": "c_1", "epoch": 3},
    {"type": "disposition", "call": "c_1", "outcome": "follow_up", "note": "n" * 1_000, "due_in_h": 72},
    {"type": "media_offer", "generation": 1, "sdp": "v=0"},
    {"type": "say", "call": "c1", "text": "您好"},
    {"type": "jion"},
    {"type": "join", "urgent": "yes"},
    {"type": "join", "colour": "teal"},
    {"type": "media_offer", "generation": 0, "sdp": "v=0"},
    {"type": "media_offer", "generation": 1, "sdp": ""},
    {"type": "say", "call": "c 1", "text": "x"},
    {"type": "say", "call": "c1", "text": "x" * 501},
    {"type": "join", "consent": -1},
    {"type": "another_signer", "call": "c_1"},
    {"type": "disposition", "call": "c_1", "outcome": ""},
    {"type": "disposition", "call": "c_1", "outcome": "solved", "note": "n" * 1_001},
    {"v": 1},
    [],
    "hello",
]


@pytest.mark.parametrize("message", FROM_PAGE, ids=lambda message: json.dumps(message)[:40])
def test_the_schema_and_the_decoder_agree(document: dict[str, Any], message: object) -> None:
    try:
        messages.decode(json.dumps(message))
        readable = True
    except msgspec.ValidationError:
        readable = False
    assert _validator(document, "FromPage").is_valid(message) is readable


def test_what_the_service_sends_is_valid_and_has_every_required_field(document: dict[str, Any]) -> None:
    view = messages.AgentView(
        state="reserved",
        since_ms=1,
        shift_until_ms=2,
        waiting=1,
        agents_on=1,
        media="live",
        reservation=messages.Reservation(
            call="c1", epoch=3, queue="main", needs=(), urgent=False, reason="", note="", waited_ms=1, ring_until_ms=9
        ),
    )
    sent = json.loads(messages.encode(view))
    _validator(document, "ToPage").validate(sent)
    _validator(document, "AgentView").validate(sent)
    assert _declared("AgentView", optional=False) == set(sent)


def _declared(name: str, *, optional: bool) -> set[str]:
    """Return the fields of an interface in the declarations that are (not) optional."""
    found = re.search(rf"export interface {name} {{\n(.*?)\n}}", schema.type_declarations(), re.DOTALL)
    assert found is not None
    return set(re.findall(rf"^  (\w+){re.escape('?') if optional else ''}:", found[1], re.MULTILINE))


def test_what_a_page_sends_may_leave_out_what_has_a_default() -> None:
    assert _declared("Join", optional=False) == {"type"}
    assert _declared("Join", optional=True) == {
        "queue",
        "needs",
        "sign_language",
        "topic",
        "urgent",
        "reason",
        "consent",
    }


def test_what_the_service_leaves_out_when_default_is_optional() -> None:
    assert _declared("IceServer", optional=False) == {"urls"}
    assert _declared("IceServer", optional=True) == {"username", "credential"}


def test_declarations_name_the_types_that_the_messages_name() -> None:
    text = schema.type_declarations()
    assert "  state: AgentState;" in text
    assert "  reservation: Reservation | null;" in text
    assert "  waiting: ReadonlyArray<WallCall>;" in text
    assert '  picture: "" | "clear" | "protected" | "slate";' in text
    assert all(len(line) <= 130 for line in text.splitlines())
