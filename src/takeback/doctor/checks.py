"""The registry: every check there is, in the order in which they are shown. A new check is a line here."""

from takeback.doctor.keys import look_at_keys, look_at_log
from takeback.doctor.model import Check
from takeback.doctor.platforms import look_at_platforms
from takeback.doctor.portal_role import look_at_portal_role
from takeback.doctor.surroundings import look_at_clock, look_at_settings, look_at_space
from takeback.doctor.work import look_at_evidence, look_at_watching, look_at_work

CHECKS: tuple[Check, ...] = (
    Check("settings", "Do the settings make sense for real use?", look_at_settings),
    Check("keys", "Do the keys belong to this database, and does nobody else read them?", look_at_keys),
    Check("log", "Can the log be signed on?", look_at_log),
    Check("clock", "Do this machine and the database agree about the time?", look_at_clock),
    Check("role", "Can the portal's database role do what it must, and no more?", look_at_portal_role),
    Check(
        "platforms",
        "Do the platforms answer, and may our accounts do what they must?",
        look_at_platforms,
        20.0,
    ),
    Check("watching", "Is everything watched that should be?", look_at_watching),
    Check("work", "Is all waiting work known?", look_at_work),
    Check("evidence", "Can evidence be sealed?", look_at_evidence),
    Check("space", "Is there room on the disks?", look_at_space),
)
