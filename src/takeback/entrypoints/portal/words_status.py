"""Every sentence that the portal says of how a report stands: a part of `words`, written by the same rules.

"Gone" is said only of what was looked for and certain. Before people decided in favour of a report, each
sentence is true whatever was found, and none says that we look where nobody looks. What a package of evidence
is, and who may find it, is said before the button that asks for one.
"""

ENGLISH: dict[str, str] = {
    # Status
    "status.ask.title": "How things stand",
    "status.ask.heading": "How do things stand?",
    "status.ask.help": "Type or paste your receipt number: 20 digits. Spaces and dashes do not matter.",
    "status.label": "Receipt number",
    "status.look": "Look",
    "status.again": "Look again",
    "status.other": "Another receipt",
    "status.empty": "Type the 20 digits of your receipt.",
    "status.not_digits": "A receipt has digits only. Please check what was typed.",
    "status.too_short": "Some digits are missing: a receipt has 20.",
    "status.too_long": "These are too many digits: a receipt has 20.",
    "status.check_digit": "One digit is off, or two changed places. Please compare it with your "
    "receipt, group by group.",
    "status.unknown": "There is no report for this number. Please compare it with your receipt. A "
    "receipt is good for one year.",
    "status.failed": "We could not look just now. Please try again in a minute.",
    "status.limited": "There were many tries from your network. That is how we keep others from "
    "guessing. Please try again in {wait}.",
    "status.now": "Now",
    "status.steps": "What has happened",
    "status.received": "Your report arrived",
    "status.opened": "Opened",
    "status.opened.compared": "Opened, to be compared with what is posted",
    "status.opening": "Being opened",
    "status.unreadable": "Could not be read",
    "status.sentence.waiting": "Your report has arrived and is about to be opened.",
    "status.sentence.unusable": "We could not read your report.",
    "status.more.unusable": "It arrived damaged, and nothing is done for it. You did nothing wrong. "
    "Please send a new report; it gets a receipt of its own. If this page says the same again, please "
    "tell the people who run this service.",
    "status.sentence.undecided": "Your report is being worked on.",
    "status.more.undecided": "We compare it with what is posted in the places we are connected to, now and "
    "earlier. When very many reports come at once, a person looks at them first. A person decides about each "
    "copy that is found. What was found is shown here after that decision, not before. Other people "
    "may have the picture and report it, too.",
    "status.time.undecided": "To decide about what was there when your report arrived, and to remove it, "
    "there is: {left}.",
    "status.late.undecided": "The time that we set ourselves has passed. If anything that was found still "
    "waits for a decision, it is first in line, and people have been told.",
    "status.sentence.out_of_reach": "Nothing here can act on this report.",
    "status.more.out_of_reach": "We can act only in the places that we are connected to, and nothing that "
    "you gave us can be found there. So nobody here is searching, and no time is running. If you have the "
    "picture, send a new report with it: then copies can be found wherever we are connected.",
    "status.elsewhere": "Where else you can turn",
    "status.elsewhere.1": "The platform where the picture is: most have a form for intimate pictures. You "
    "can open it without an account on many of them.",
    "status.elsewhere.2": "StopNCII.org, for adults: several large platforms compare what is posted with the "
    "numbers that it makes on your device.",
    "status.elsewhere.3": "A helpline or a law clinic in your country, or the police. A picture of the "
    "screen with the address and the date helps them.",
    "status.sentence.removing": "The copies are being removed.",
    "status.time.removing": "There is: {left}.",
    "status.late.removing": "This has taken longer than we promised. It is first in line, and people have "
    "been told.",
    "status.more.removing": "Where it did not work yet, we try again, and a person sees to it.",
    "status.sentence.removed": "Every copy that was found is gone.",
    "status.sentence.removed.unclear": "Every copy that was found was gone when we looked, but the "
    "newest look was not certain everywhere.",
    "status.more.removed.unclear": "We call a copy gone only when a look is certain. Below you see "
    "where the newest one was not.",
    "status.more.removed": "We look again, for weeks, and keep looking for new ones.",
    "status.sentence.declined": "It was decided that nothing is removed for this report.",
    "status.more.declined": "This does not say whether copies were found. If you think that it is wrong, "
    "you can send a new report and say so. Other people will look.",
    "status.step.check": "A person decides about what is found",
    "status.step.decided": "Decided",
    "status.step.remove": "What must go is removed",
    "status.step.removed": "All copies that were found are gone",
    "status.step.removed.unclear": "All copies that were found were seen to be gone",
    "status.step.declined": "Decided not to remove anything",
    "status.left.days": "at most {number} days left",
    "status.left.hours.one": "at most 1 hour left",
    "status.left.hours.many": "at most {number} hours left",
    "status.left.minutes.one": "at most 1 minute left",
    "status.left.minutes.many": "at most {number} minutes left",
    "status.copies": "The copies that were found",
    "status.refused": "What we cannot look for",
    "status.refused.picture": "Picture {number}",
    "status.refused.location": "What your link {number} shows",
    "status.refused.too_little_detail": "it has too little detail. What we would find has nothing to "
    "do with it. If you have another version of it, you can send a new report.",
    "status.refused.inside_another": "the picture lies inside a page or a collage. We look for the "
    "picture in it, and not for the rest.",
    "status.refused.well_known": "it is a picture that very many people share. If it shows you, say "
    "so in a new report; a person will look.",
    "status.refused.not_one_picture": "the eight numbers that arrived for it do not belong to one picture. "
    "Please choose the picture once more, in a new report.",
    "status.refused.not_a_pictures_numbers": "what arrived for it is not what a picture is turned into. "
    "Please choose the picture once more, in a new report.",
    "status.place": "Place {number}",
    "status.place.count.one": "{platform}, 1 copy",
    "status.place.count.many": "{platform}, {number} copies",
    "status.copy": "Copy {number}",
    "status.copy.found": "Found",
    "status.copy.state.found": "Waits to be checked",
    "status.copy.state.planned": "Will be removed",
    "status.copy.state.acting": "Is being removed",
    "status.copy.state.checking": "Removed; we check that it is gone for everyone",
    "status.copy.state.gone": "Gone",
    "status.copy.state.failed": "Could not be removed yet; a person sees to it",
    "status.copy.unclear.checking": "Removed; we looked, and it is not certain yet that it is gone. "
    "We look again",
    "status.copy.unclear.gone": "Looked for again, and this time it was not certain whether it is still gone",
    "status.copy.unclear.failed": "Removed, but it is not certain that it is gone; a person sees to it",
    # Evidence
    "evidence.heading": "Evidence",
    "evidence.what": "What was posted, and what was done about it, is recorded here. You can have it "
    "as one file, for a lawyer, the police or a court.",
    "evidence.names": "The file names places and times, and who posted only if a reviewer allowed that. "
    "Keep it where nobody else looks.",
    "evidence.sealed": "The pictures in it are sealed. Only those whom they were sealed to, such as a law "
    "clinic, can open them. Nobody who works here can.",
    "evidence.ask": "Put the file together",
    "evidence.recorded": "That somebody with your receipt asked for it is recorded for good. The file "
    "stays here for 24 hours.",
    "evidence.asked": "Your file is being put together.",
    "evidence.asked.soon": "This takes a few minutes, because others confirm it before it is done. You can "
    "close this page and come back with your receipt.",
    "evidence.asked.late": "It takes longer than it should, because others have not confirmed it yet. "
    "Nothing is lost: your receipt leads back here whenever you like.",
    "evidence.wait": "See whether it is ready",
    "evidence.ready": "Your file is ready.",
    "evidence.take": "Download the file ({size})",
    "evidence.until": "It is deleted here on",
    "evidence.check": "Anybody can check it without us: with the program takeback-verify, or with the "
    "page VERIFY.html that is inside.",
    "evidence.deleted": "The last file is deleted here.",
    "evidence.failed": "The last file could not be put together. You can ask for another one.",
    "evidence.too_large": "The file is too large to be handed out here. Please ask the people who run "
    "this service for it; they can give it to you in another way.",
    "evidence.nothing": "There is nothing here that can be handed out at this moment.",
    "evidence.limited": "It was asked for three times within a day. You can ask again from",
    "evidence.before": "When it was asked for",
    "evidence.before.asked": "Asked for",
    "evidence.before.taken": "last downloaded",
    "evidence.before.not_taken": "not downloaded",
    "evidence.before.not_you": "If one of these was not you, somebody else knows your receipt number. "
    "They can have read the places and times in the file; the pictures are sealed to them, too. We "
    "cannot change the number. You can tell us in a new report, and talk to somebody you trust.",
    "evidence.size.small": "less than 1 MB",
    "evidence.size.large": "{number} MB",
    # Words for time
    "time.utc": "{day} {month} {year}, {hour}:{minute} UTC",
    "month.1": "January",
    "month.2": "February",
    "month.3": "March",
    "month.4": "April",
    "month.5": "May",
    "month.6": "June",
    "month.7": "July",
    "month.8": "August",
    "month.9": "September",
    "month.10": "October",
    "month.11": "November",
    "month.12": "December",
    "wait.seconds.one": "1 second",
    "wait.seconds.many": "{number} seconds",
    "wait.minutes.one": "1 minute",
    "wait.minutes.many": "{number} minutes",
    "wait.hours.one": "1 hour",
    "wait.hours.many": "{number} hours",
}
