"""Which users of a provider may log in."""

from control.auth.oidc_users import may_log_in
from qbitrr.config.model import Oidc


def test_of_a_thousand_accounts_the_listed_one_is_admitted():
    oidc = Oidc(allowed_subjects=("account-17",))
    accounts = [f"account-{number}" for number in range(1000)]
    assert [sub for sub in accounts if may_log_in(oidc, {"sub": sub})] == ["account-17"]


def test_of_a_thousand_addresses_the_listed_one_is_admitted_once_it_is_verified():
    oidc = Oidc(allowed_emails=("17@example.org",))
    users = [
        {"sub": f"{number} {verified}", "email": f"{number}@example.org", "email_verified": verified}
        for number in range(1000)
        for verified in (True, False)
    ]
    assert [user["sub"] for user in users if may_log_in(oidc, user)] == ["17 True"]


def test_without_a_condition_no_one_is_admitted():
    assert not may_log_in(Oidc(), {"sub": "", "email": "", "email_verified": True})
