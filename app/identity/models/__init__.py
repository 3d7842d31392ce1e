"""Ports and the people of them: who they are, how they sign in, what they may do."""

from .api_token import ApiToken
from .challenge import Challenge
from .factor import FactorKind, MfaFactor, Proof
from .port import Port, current_port_of, open_port
from .role import PortRoleOverride, Role, RoleHere, UserPortRole, roles_here
from .rules import RuleSaysNo
from .session import SESSION_LONGEST, SESSION_UNUSED, Session, SignInFailure, hash_token
from .team import Team, TeamMember
from .user import User
from .user_identity import UserIdentity
from .verification import Purpose, Verification

__all__ = [
    "SESSION_LONGEST",
    "SESSION_UNUSED",
    "ApiToken",
    "Challenge",
    "FactorKind",
    "MfaFactor",
    "Port",
    "PortRoleOverride",
    "Proof",
    "Purpose",
    "Role",
    "RoleHere",
    "RuleSaysNo",
    "Session",
    "SignInFailure",
    "Team",
    "TeamMember",
    "User",
    "UserIdentity",
    "UserPortRole",
    "Verification",
    "current_port_of",
    "hash_token",
    "open_port",
    "roles_here",
]
