"""Users, roles, tokens, encryption and the audit log."""

from leoflow_server.access.cipher import CannotDecrypt, Cipher
from leoflow_server.access.gate import Access, InvalidCredentials, NoSuchUser, Rows, TooManyAttempts
from leoflow_server.access.roles import Role
from leoflow_server.access.tokens import TokenInvalid
from leoflow_server.access.users import ADMIN, User

__all__ = [
    "ADMIN",
    "Access",
    "CannotDecrypt",
    "Cipher",
    "InvalidCredentials",
    "NoSuchUser",
    "Role",
    "Rows",
    "TokenInvalid",
    "TooManyAttempts",
    "User",
]
