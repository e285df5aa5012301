"""Which project owns which DAG, told as a story of saves."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from leoflow_runtime.artifact import content_digest
from leoflow_server.lite.catalogue import (
    Action,
    Catalogue,
    Complain,
    Deregister,
    Recompile,
    Register,
    Settle,
)


def document(dag_id: str, command: str = "true") -> dict[str, Any]:
    tasks = [{"task_id": "t", "type": "bash", "entrypoint": command}]
    return {"schema_version": "1.0", "dag_id": dag_id, "tasks": tasks}


def register(folder: str, content: dict[str, Any]) -> Register:
    return Register(folder=folder, document=content, digest=content_digest(content))


def test_a_new_project_is_registered_and_its_old_complaint_goes() -> None:
    first = document("sales")
    assert Catalogue().compiled("sales", first) == [register("sales", first), Settle(folder="sales")]


def test_an_unchanged_digest_is_not_registered_again() -> None:
    book = Catalogue()
    book.compiled("sales", document("sales"))
    assert book.compiled("sales", document("sales") | {"image": "x", "dag_version": "y"}) == [
        Settle(folder="sales")
    ]


def test_a_changed_document_is_registered() -> None:
    book = Catalogue()
    book.compiled("sales", document("sales"))
    changed = document("sales", "false")
    assert book.compiled("sales", changed) == [register("sales", changed), Settle(folder="sales")]


def test_a_broken_project_keeps_its_dag() -> None:
    book = Catalogue()
    book.compiled("sales", document("sales"))
    assert book.refused("sales", "error[LF101]") == [
        Complain(folder="sales", dag_id="sales", text="error[LF101]")
    ]
    assert book.owners == {"sales": "sales"}


def test_a_removed_project_is_deregistered() -> None:
    book = Catalogue(owners={"gone": "old", "kept": "new"})
    assert book.present(["kept"]) == [Deregister(dag_id="old"), Settle(folder="gone")]


def test_a_renamed_dag_leaves_the_old_one_without_a_project() -> None:
    book = Catalogue(owners={"sales": "sales"})
    renamed = document("revenue")
    assert book.compiled("sales", renamed) == [
        Deregister(dag_id="sales"),
        register("sales", renamed),
        Settle(folder="sales"),
    ]


def test_the_second_project_with_an_id_is_told_of_both() -> None:
    book = Catalogue()
    book.compiled("a", document("sales"))
    (complaint,) = book.compiled("b", document("sales", "false"))
    assert isinstance(complaint, Complain)
    assert complaint.folder == "b"
    assert "'sales': a and b" in complaint.text


def test_when_the_first_owner_goes_the_second_is_compiled_again() -> None:
    book = Catalogue()
    book.compiled("a", document("sales"))
    book.compiled("b", document("sales", "false"))
    assert book.present(["b"]) == [Recompile(folder="b"), Settle(folder="a")]
    second = document("sales", "false")
    assert book.compiled("b", second) == [register("b", second), Settle(folder="b")]


def test_a_failed_registration_is_tried_again_with_the_next_save() -> None:
    book = Catalogue()
    book.compiled("sales", document("sales"))
    book.forget("sales")
    assert book.compiled("sales", document("sales"))[0] == register("sales", document("sales"))


folders = st.sampled_from(["a", "b", "c"])
saves = st.one_of(
    st.tuples(st.just("compiled"), folders, st.sampled_from(["x", "y"])),
    st.tuples(st.just("refused"), folders, st.just("")),
    st.tuples(st.just("removed"), folders, st.just("")),
)


@given(st.lists(saves, max_size=30))
def test_no_dag_ever_has_two_projects_and_none_is_lost(story: list[tuple[str, str, str]]) -> None:
    book = Catalogue()
    present: set[str] = set()
    registered: set[str] = set()

    def follow(actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Register(document=content):
                    registered.add(content["dag_id"])
                case Deregister(dag_id=dag_id):
                    registered.remove(dag_id)
                case Recompile(folder=folder):
                    follow(book.compiled(folder, latest[folder]))

    latest: dict[str, dict[str, Any]] = {}
    for what, folder, dag_id in story:
        if what == "removed":
            present.discard(folder)
            follow(book.present(present))
            continue
        present.add(folder)
        if what == "refused":
            follow(book.refused(folder, "broken"))
        else:
            latest[folder] = document(dag_id)
            follow(book.compiled(folder, latest[folder]))
        owned = list(book.owners.values())
        assert len(owned) == len(set(owned))
        assert registered == set(owned)
