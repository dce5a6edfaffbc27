"""What may break or be sent on purpose, each by name: which tests it has."""

from __future__ import annotations

import pytest

from tests.named import missing

pytestmark = pytest.mark.faults

STATES, WORKER = "faults/test_every_state.py", "faults/test_every_state_worker.py"
NODES, RUDE, SUPERVISOR = (
    "faults/test_web_nodes_killed.py",
    "faults/test_rude_pages.py",
    "faults/test_supervisor_kills.py",
)
STORE, REFUSALS = "faults/test_store_valkey_killed.py", "integration/hub/test_refusals.py"
TAKES_NOTHING = "test_a_store_that_takes_nothing_refuses_each_step_whole_and_still_shows_every_page"
SLOW = "test_on_a_slow_store_every_call_is_slow_and_whole_and_on_a_silent_one_it_is_refused"
TESTS = {
    "a web node killed at every state": (
        (NODES, "test_people_of_a_killed_node_are_in_the_same_state_on_another"),
        (NODES, "test_a_call_that_is_held_passed_on_or_just_begun_or_over_outlives_the_node_of_all_its_people"),
        (NODES, "test_three_people_of_a_killed_node_are_in_one_call_on_another"),
        ("faults/test_chaos.py", "test_nobody_is_lost_or_given_twice_while_nodes_are_killed"),
    ),
    "a worker killed at every state": (
        (WORKER, "test_a_killed_worker_s_people_get_to_each_other_on_the_next_one"),
        (SUPERVISOR, "test_a_worker_comes_back_as_another_worker"),
    ),
    "Valkey killed at every state": (
        (STATES, "test_a_killed_store_comes_back_to_the_same_pages"),
        (STORE, "test_nothing_that_was_acknowledged_is_missing_after_kill_9"),
        (SUPERVISOR, "test_valkey_comes_back_with_everything_that_it_acknowledged"),
    ),
    "all three at once": ((SUPERVISOR, "test_all_three_at_once"),),
    "stopped for a while and back": (
        (NODES, "test_a_node_that_slept_ten_seconds_acts_on_nothing_that_has_moved_on"),
        (SUPERVISOR, "test_a_worker_that_stands_still_is_given_up_and_taken_again"),
        (STORE, "test_a_server_that_stands_still_makes_nobody_wait_for_ever"),
    ),
    "a clock that steps": (
        (STATES, "test_a_clock_that_jumps_ahead_and_back_lets_nothing_fall_due_twice_and_stops_nobody"),
    ),
    "a store that is full": (
        (STATES, TAKES_NOTHING),
        ("faults/test_disk_full.py", "test_a_full_disk_is_said_loses_nothing_and_ends_with_the_room"),
    ),
    "a store that is read-only": ((STATES, TAKES_NOTHING),),
    "a store that is slow or silent": ((STATES, SLOW),),
    "another primary": (
        ("faults/test_failover.py", "test_a_failover_keeps_what_the_replica_has_and_takes_everybody_on_again"),
        ("faults/test_failover.py", "test_without_a_primary_a_store_is_away_and_nothing_hangs"),
    ),
    "a node that is told to stop": (
        (NODES, "test_a_node_that_is_told_to_stop_hands_its_people_over_without_a_gap"),
        ("integration/hub/test_nodes.py", "test_a_draining_node_hands_a_ring_over"),
        ("integration/hub/test_nodes.py", "test_a_draining_node_costs_nobody_the_place"),
        ("integration/hub/test_nodes.py", "test_a_draining_node_parts_no_call_and_the_other_person_sees_no_gap"),
    ),
    "a client that never reads": (
        (REFUSALS, "test_a_page_that_does_not_read_is_cut"),
        (RUDE, "test_a_page_that_never_reads_is_cut_and_the_other_person_of_its_call_goes_on"),
    ),
    "a message of a megabyte": ((RUDE, "test_a_message_of_a_megabyte_ends_its_own_socket"),),
    "10,000 messages a second": ((RUDE, "test_ten_thousand_messages_at_once_end_their_own_socket"),),
    "a replayed ticket or resume token": ((RUDE, "test_a_ticket_and_a_resume_token_open_one_socket_each"),),
    "two tabs of one agent": (
        ("integration/test_http_customers.py", "test_a_second_tab_of_one_agent_takes_over_and_the_first_is_told"),
        ("integration/hub/test_greeting.py", "test_the_newest_page_of_a_person_has_the_call"),
    ),
    "a message valid in another state": (
        (REFUSALS, "test_messages_valid_in_another_state_are_refused_by_name"),
        ("integration/hub/test_fuzz.py", "test_random_messages_in_every_state_are_refused_by_name_and_stick_nobody"),
    ),
    "anything over HTTP": (
        ("integration/test_http_openapi.py", "test_whatever_schemathesis_asks_is_answered_as_described"),
        ("integration/test_http_fuzz.py", "test_near_valid_requests_are_refused_by_name"),
    ),
}


@pytest.mark.parametrize("fault", TESTS)
def test_each_has_its_tests(fault: str) -> None:
    assert missing(TESTS[fault]) == []
