"""The rules of codes that are sent by mail: each is issued once. What is done with it is counted in a table (`codes`),
where wrong tries can be counted at once and in a row.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never

from kernel.decider import Decider

Purpose = Literal["verify_email", "sign_in", "reset_password", "delete_account"]


@dataclass(frozen=True, slots=True)
class Code:
    issued: bool = False


@dataclass(frozen=True, slots=True)
class IssueCode:
    code_id: str
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class CodeIssued:
    code_id: str
    purpose: Purpose


def decide_code(command: IssueCode, code: Code, _: datetime) -> list[CodeIssued]:
    match command:
        case IssueCode(code_id=code_id, purpose=purpose):
            return [] if code.issued else [CodeIssued(code_id, purpose)]
        case _:
            assert_never(command)


def evolve_code(_: Code, event: CodeIssued) -> Code:
    match event:
        case CodeIssued():
            return Code(issued=True)
        case _:
            assert_never(event)


CODE: Decider[IssueCode, Code, CodeIssued] = Decider(
    category="code", initial=Code(), decide=decide_code, evolve=evolve_code, events=(CodeIssued,)
)
