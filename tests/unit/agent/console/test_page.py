"""The templates are loaded before somebody asks for a page."""

from __future__ import annotations

from agent.console.page import Pages


def test_every_template_is_loaded_once_and_the_rest_after_a_stop(mocker):
    pages = Pages([])
    every = pages.templates.list_templates(extensions=["html"])
    got = mocker.spy(pages.templates, "get_template")
    answers = iter([False, False, True])
    pages.load(lambda: next(answers))
    assert [call.args[0] for call in got.call_args_list] == every[:2]
    got.reset_mock()
    for _ in range(2):
        pages.load(lambda: False)
    assert [call.args[0] for call in got.call_args_list] == every
