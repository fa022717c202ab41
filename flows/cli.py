"""The ``duban`` command: a table of its sub-commands, each loaded only when asked for."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from flows import __version__
from flows.letters.errors import DubanError, LetterError, Unavailable

# Command -> module and attribute; the order is the order of the help page.
_COMMANDS = {
    "up": "flows.commands.system:up",
    "drop": "flows.commands.system:drop",
    "status": "flows.commands.system:status",
    "doctor": "flows.commands.doctor:doctor",
    "read": "flows.commands.letters:read",
    "show": "flows.commands.show:show",
    "ledger": "flows.commands.ledger:ledger",
    "agencies": "flows.commands.agencies:agencies",
    "notice": "flows.commands.ledger:notice",
    "form": "flows.commands.ledger:form",
    "returns": "flows.commands.returns:returns",
    "sign": "flows.commands.answers:sign",
    "object": "flows.commands.answers:object_",
    "reassign": "flows.commands.answers:reassign",
    "progress": "flows.commands.answers:progress",
    "extend": "flows.commands.answers:extend",
    "done": "flows.commands.answers:done",
    "confirm-done": "flows.commands.answers:confirm_done",
    "send-back": "flows.commands.answers:send_back",
    "rate": "flows.commands.answers:rate",
    "close": "flows.commands.answers:close",
    "fail": "flows.commands.answers:fail",
    "withdraw": "flows.commands.answers:withdraw",
    "reopen": "flows.commands.answers:reopen",
    "duplicates": "flows.commands.duplicates:duplicates",
    "backfill": "flows.commands.system:backfill",
    "verify": "flows.commands.proof:verify",
    "seal": "flows.commands.proof:seal",
    "export": "flows.commands.proof:export",
    "restore": "flows.commands.proof:restore",
    "replay": "flows.commands.proof:replay",
    "evaluate": "flows.commands.letters:evaluate",
}


class _Lazy(click.Group):
    """A group that imports a command's module only when the command is used or described."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, attribute = _COMMANDS[name].split(":")
        command = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{_COMMANDS[name]} is not a click command")
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="duban")
def duban() -> None:
    """Turn the reply letters of government agencies into promises that are kept.

    Start with `duban up`, then drop letters into the inbox it names (`duban drop FILE`).

    \b
    Exit codes: 0 done · 1 something is wrong and was said · 2 wrong usage ·
                3 some letters were refused · 4 a part of the system is down (try again)
    """


def main() -> None:
    """Run the command; an error duban raises on purpose is one message, never a traceback."""
    try:
        # Without standalone mode click gives the exit code of `Exit` back instead of leaving with it.
        code = duban(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as fault:
        fault.show()
        sys.exit(fault.exit_code)
    except click.Abort:
        sys.exit(130)
    except DubanError as fault:
        click.echo(f"duban: {fault.code}: {fault}", err=True)
        sys.exit(3 if isinstance(fault, LetterError) else 4 if isinstance(fault, Unavailable) else 1)


if __name__ == "__main__":
    main()
