"""The client's part for accounts and tokens."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from lrtune.client.calls import Calls
from lrtune.wire import (
    Account,
    AccountChange,
    AccountRequest,
    AuditEntry,
    Me,
    NewAccount,
    NewToken,
    Token,
    TokenRequest,
)


class Accounts(Calls):
    """Who asks, accounts, tokens."""

    def me(self) -> Me:
        """Who asks, and what the token may do; without accounts on the server, nobody in particular."""
        return self._get(Me, "/v1/me")

    def tokens(self, account: str | None = None) -> Iterator[Token]:
        """Your own tokens, or another account's, for admins; never their secrets."""
        return self._items(Token, "/v1/tokens", account=account)

    def token(self, token_id: str) -> Token:
        """One token, without its secret."""
        return self._get(Token, f"/v1/tokens/{quote(token_id, safe='')}")

    def create_token(self, request: TokenRequest | None = None) -> NewToken:
        """A new token; its ``secret`` is shown this once."""
        body = (request or TokenRequest()).model_dump(mode="json", exclude_unset=True)
        return self._read(NewToken, self._connection.post_once("/v1/tokens", body))

    def revoke_token(self, token_id: str) -> Token:
        """Make a token good for nothing; revoking again changes nothing."""
        return self._read(Token, self._connection.post(f"/v1/tokens/{quote(token_id, safe='')}/revoke"))

    def accounts(self) -> Iterator[Account]:
        """Accounts by name; for admins, like what follows."""
        return self._items(Account, "/v1/accounts")

    def account(self, name: str) -> Account:
        """One account."""
        return self._get(Account, f"/v1/accounts/{quote(name, safe='')}")

    def create_account(self, request: AccountRequest) -> NewAccount:
        """A new account with its first token, whose ``secret`` is shown this once."""
        body = request.model_dump(mode="json", exclude_unset=True)
        return self._read(NewAccount, self._connection.post_once("/v1/accounts", body))

    def change_account(self, name: str, change: AccountChange) -> Account:
        """An account with another role, or disabled, or enabled again."""
        body = change.model_dump(mode="json", exclude_unset=True)
        return self._read(Account, self._connection.patch(f"/v1/accounts/{quote(name, safe='')}", body))

    def audit(self, account: str | None = None) -> Iterator[AuditEntry]:
        """Who did what, newest first; of one account."""
        return self._items(AuditEntry, "/v1/audit", account=account)
