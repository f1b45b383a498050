"""All that the portal's role is granted, done once each: for tests of what it holds afterwards."""

OURS = bytes(range(32))
CALLS = (
    ("insert into submissions_report (locator, sealed) values (%s, 'x') on conflict do nothing", OURS),
    ("select report_status(%s)", OURS),
    ("select report_ask_package(%s)", OURS),
    ("select report_package_piece(%s, '00000000-0000-0000-0000-000000000000', 0)", OURS),
    ("select draft_put(%s, 'x', true)", OURS),
    ("select draft_get(%s)", OURS),
    ("select draft_wipe(%s)", OURS),
    ("select report_link_stands(%s)", OURS),
    ("select keyring_fits('pepper', encode(%s, 'hex'))", OURS),
)
"""Statements, each with the locator that it takes."""
ALONE = (
    ("select report_salt() where %s is not null", OURS),
    ("select report_put(%s, 'x', array['g'::bytea], null)", bytes(32)),
    ("select report_put(%s, 'x', '{}', 'a token''s hash')", bytes(range(32, 64))),
    ("select report_put(%s, 'x', '{}', null)", bytes(range(1, 33))),
)
"""The same; whoever does one of these waits for another session that did it and has not committed."""
