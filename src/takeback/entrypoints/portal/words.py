"""Every sentence that the portal says, in one place, so that a translation is one more table.

How they are written: "you", "the picture", "what happened"; what will happen, when, and what cannot be
done; never a word that blames, never why. A key that is missing or a gap that is not filled fails loudly,
in tests rather than before somebody who needs the page. Sentences about a report's status are in
`words_status`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from takeback.entrypoints.portal import words_status


@dataclass(frozen=True, slots=True)
class Language:
    """One translation."""

    code: str
    """BCP 47, as the pages and the reports carry it."""
    direction: Literal["ltr", "rtl"]
    texts: Mapping[str, str]

    def say(self, key: str, **gaps: object) -> str:
        """One text, with its gaps filled. Raises KeyError if it, or what fills a gap, is missing."""
        return self.texts[key].format(**gaps)

    def count(self, key: str, number: int, **gaps: object) -> str:
        """A text that depends on how many: KEY.one or KEY.many, with `number` as a gap."""
        return self.say(f"{key}.one" if number == 1 else f"{key}.many", number=number, **gaps)

    def all(self, key: str) -> tuple[str, ...]:
        """The texts KEY.1, KEY.2 and so on."""
        found: list[str] = []
        while (text := self.texts.get(f"{key}.{len(found) + 1}")) is not None:
            found.append(text)
        if not found:
            raise KeyError(key)
        return tuple(found)


ENGLISH = Language(
    "en",
    "ltr",
    words_status.ENGLISH
    | {
        # On every page
        "leave": "Leave this page",
        "skip": "Skip to the question",
        "step": "Step {number} of {total}",
        "title.step": "Step {number} of {total}",
        "title.fault": "Please check: {title}",
        "back": "Back",
        "continue": "Continue",
        "faults.title": "Something is still needed",
        "faults.wait": "Please wait a little",
        "fault": "Please check:",
        "foot.privacy": "How your answers are protected",
        "foot.status": "I have a receipt",
        "foot.start": "First page",
        "foot.label": "More pages",
        # Start
        "start.title": "Welcome",
        "start.heading": "Get a picture of you taken down",
        "start.lead": "For an intimate picture of you that was shared without your agreement, or that "
        "somebody says they will share. None of this is your fault, and you are not the only one.",
        "start.danger": "If you are in danger right now, call your local emergency number first.",
        "start.begin": "Start",
        "start.receipt": "I have a receipt already",
        "start.happens": "What will happen",
        "start.happens.1": "You answer seven short questions. It takes about five minutes, and you can skip "
        "most.",
        "start.happens.2": "If you have the picture, this device turns it into a number. The picture is "
        "never sent.",
        "start.happens.3": "We look for that number in the places we are connected to, also for what was "
        "posted earlier. People check what is found before anything is removed.",
        "start.happens.4": "You get a receipt. With it you can see how things stand, whenever you like.",
        "start.cannot": "What this cannot do",
        "start.cannot.1": "It cannot look into private chats, or into places that are not connected to us.",
        "start.cannot.2": "It cannot recognise a picture that was changed very much.",
        "start.cannot.3": "It cannot reach copies that somebody keeps on their own device.",
        "start.quietly": "Leaving quickly, and coming back",
        "start.quietly.1": "“Leave this page” at the top leads to a page about the weather.",
        "start.quietly.shift": "Pressing Shift three times does the same.",
        "start.quietly.2": "It cannot erase this page from the list of pages you visited. A private window "
        "keeps no such list.",
        "start.quietly.3": "Until you press Send, your answers are sealed with a key that only this browser "
        "has. “Leave this page” destroys them, here and on this device.",
        "start.quietly.4": "If you only close the browser, whoever opens it again on this device within "
        "{life} minutes may see them. So leave by “Leave this page”.",
        "start.quietly.5": "This site needs one cookie, which holds that key and nothing else.",
        # 1 Age
        "age.heading": "Were you 18 or older when the picture was made?",
        "age.help": "Other people help with pictures of someone younger than 18, and they can do more than "
        "we can.",
        "age.yes": "Yes",
        "age.no": "No",
        "age.unsure": "I am not sure",
        "age.missing": "Choose the answer that fits best. “I am not sure” is fine too.",
        # Younger
        "younger.title": "Where to get help",
        "younger.heading": "There is better help for you than ours",
        "younger.lead": "When the person in the picture may have been younger than 18, we keep nothing and "
        "look at nothing. You are not in trouble. These people are there for exactly this, for free.",
        "younger.ncmec": "Take It Down",
        "younger.ncmec.text": "For pictures made before you were 18, anywhere in the world. You need no "
        "name and no e-mail address, and the picture stays with you.",
        "younger.inhope": "A hotline in your country (INHOPE)",
        "younger.inhope.text": "Tell them where the picture is. They work with the police and the platforms "
        "to have it removed.",
        "younger.helpline": "Someone to talk to (Child Helpline International)",
        "younger.helpline.text": "People who listen, by phone or chat, in most countries.",
        "younger.police": "The police",
        "younger.police.text": "Sharing such a picture is a crime nearly everywhere. If someone threatens "
        "you, they can act at once. An adult you trust can go with you or call for you.",
        "younger.keep": "Do not send the picture to anyone, not even to show what happened.",
        "younger.again": "I was 18 or older: go back to the question",
        # 2 Picture
        "picture.heading": "Do you have the picture?",
        "picture.help": "Choose it here. This device turns it into a number, and only the number is sent. "
        "With it we can find copies, also ones you do not know of.",
        "picture.noscript.title": "This one page needs scripts",
        "picture.noscript": "The number is worked out on your device, and that needs JavaScript, which is "
        "switched off here. You can go on without it: on the next page, tell us where the picture is.",
        "picture.choose": "Choose the picture",
        "picture.more": "Choose another picture",
        "picture.limit": "Up to {most} pictures. Photographs work best. A screenshot works too "
        "once it is cut to the picture alone.",
        "picture.list": "Your pictures",
        "picture.earlier": "Picture {number}",
        "picture.working": "Working out the number",
        "picture.stays": "Your picture stays on this device. Only this number leaves it:",
        "picture.closer": "Look closer at what is sent",
        "picture.closer.text": "Eight numbers, one for each way to turn or mirror the picture, so that "
        "turned copies are found too, and how much detail it has, from 0 to 100. They are written with the "
        "digits 0 to 9 and the letters a to f. Nothing else about the picture is sent: not its name, not "
        "its date, not where it was taken. At most a very blurred guess of it could ever be made from them; "
        "so they are sealed like your answers.",
        "picture.flip.1": "As it is",
        "picture.flip.2": "Mirrored",
        "picture.flip.3": "Upside down",
        "picture.flip.4": "Half a turn",
        "picture.flip.5": "On its side, mirrored",
        "picture.flip.6": "Quarter turn left",
        "picture.flip.7": "Quarter turn right",
        "picture.flip.8": "On its other side, mirrored",
        "picture.quality": "Detail",
        "picture.remove": "Remove",
        "picture.remove.which": "Remove {name}",
        "picture.removed": "{name} is removed.",
        "picture.ready": "{name} is ready.",
        "picture.wait": "One moment: a number is still being worked out. Then press Continue again.",
        "picture.fault.unreadable": "This device could not open the file as a picture. If it is a "
        "photograph from an iPhone (HEIC), open it there and save or share it as JPEG. "
        "A video does not work here. You can also go on with a link.",
        "picture.fault.too_large": "The picture is too large for this device to work with. A smaller "
        "copy of it works as well. You can also go on with a link.",
        "picture.fault.too_small": "The picture is too small to be recognised. If you have it larger, "
        "choose that one; or go on with a link.",
        "picture.fault.low_detail": "There is too little detail in this picture to recognise it safely: "
        "others could be mistaken for it. So it is not sent. You can choose another picture, or go on with "
        "a link.",
        "picture.fault.hidden_pixels": "This browser blurs what pages can read, which protects you, but "
        "makes the number wrong. Another browser can do it, or go on with a link.",
        "picture.fault.browser": "This browser cannot work out the number. A newer one can, or go on with a "
        "link.",
        "picture.fault.twice": "This picture is on the list already.",
        "picture.fault.too_many": "{most} pictures are the most for one report. You can send another report "
        "afterwards.",
        "picture.numbers": "The numbers of one of your pictures do not fit together. This happens with very "
        "small pictures of fine texture, and with drawings that are the same on both sides. Please take it "
        "off the list and choose another version of it, or go on with a link.",
        "picture.skip": "I do not have the picture",
        "picture.continue_without": "Continue without the picture",
        # 3 Where
        "where.heading": "Where is the picture?",
        "where.help": "Links or message ids, one on each line. With them we can act even faster.",
        "where.help.none": "Links or message ids, one on each line. Without the picture, this is what we "
        "need to find it.",
        "where.label": "Links or message ids",
        "where.how": "How do I get a link?",
        "where.how.1": "On a website: copy the address of the page from the bar at the top.",
        "where.how.2": "In a chat group: press the message for longer, then choose “Copy link” or “Share”.",
        "where.how.3": "You do not have to look at the picture again. If somebody told you about it, they "
        "may send you the link.",
        "where.skip": "I don't know where it is",
        "where.missing": "Without the picture or a link we have nothing to look for. Paste at least one "
        "link, or go back and add the picture.",
        "where.nobody": "Nobody here can look at what you pasted. Add the picture, or a link to a place "
        "that is connected to us.",
        "where.too_many": "{most} lines are the most for one report. Keep the most important ones here; you "
        "can send another report afterwards.",
        "where.too_long": "This is longer than fits. Keep the links and leave out the rest.",
        # 3 Where, when nobody here can look there
        "nobody.title": "We cannot look there",
        "nobody.lines.one": "This line leads to no place that is connected to us, so nobody here can look "
        "at it or remove what is there:",
        "nobody.lines.many": "These {number} lines lead to no place that is connected to us, so nobody "
        "here can look at them or remove what is there:",
        "nobody.other": "Look for “Report” beside the picture, or for a contact on that site.",
        "nobody.door": "{name} is not connected to us. Report it there as well.",
        "nobody.door.in_app": "{name} is not connected to us. Use “Report” in the app.",
        "nobody.door.page": "How to report to {name}",
        "nobody.door.stopncii": "{name} is said to work with StopNCII.org.",
        "nobody.picture": "If you have the picture, add it. Then we can find its copies in the places that "
        "are connected to us.",
        "nobody.picture.here": "Your picture is added, so we can find its copies in the places that are "
        "connected to us.",
        "nobody.add": "Add the picture",
        "nobody.also": "What you can do besides",
        "nobody.report": "Report it where it is, as an intimate picture shared without your agreement. "
        "Keep the link and the date.",
        "nobody.stopncii": "free, for adults. As here, your device turns the picture into a number. "
        "Several large platforms look for that number.",
        "nobody.helpers": "People who help, in some places",
        "nobody.go_on": "You can keep these lines in your report: they help the people who read it. Press "
        "Continue to go on.",
        # 4 Account
        "account.heading": "What happened?",
        "account.help": "Only if you want to tell, and only as much as you want. It helps the people who "
        "check to see that the picture was shared without your agreement.",
        "account.label": "What happened, in your words",
        "account.limit": "There is room for about 500 words. What is on a page is kept when you press "
        "Continue.",
        "account.skip": "I'd rather not say",
        "account.too_long": "This is longer than fits. Please shorten it a little.",
        # 5 Statements
        "statements.heading": "Two statements and your signature",
        "statements.help": "The law asks platforms to act when these are there. They are what makes your "
        "report count.",
        "statements.nonconsent": "I am the person in the picture, and I did not agree to it being shared.",
        "statements.good_faith": "What I say here is true as far as I know, and I say it in good faith.",
        "statements.nonconsent.missing": "Tick the first statement if it is so. Without it, platforms need "
        "not act.",
        "statements.good_faith.missing": "Tick the second statement if it is so. Without it, platforms need "
        "not act.",
        "signature.label": "Sign with your name",
        "signature.help": "Your name, or another name that you choose. It is sealed with your answers: only "
        "the people who work on your report can read it, and whoever shared the picture never sees it.",
        "signature.missing": "Type a name as your signature. It may be one that you choose.",
        "signature.too_long": "This is longer than fits. A short name is enough.",
        # 6 Contact
        "contact.heading": "May we reach you?",
        "contact.help": "You do not have to give anything: the receipt is enough to see how things stand. "
        "If you do, we write only when something is needed, in words that tell nothing.",
        "contact.label": "An e-mail address, a number, or any other way",
        "contact.skip": "I'd rather not say",
        "contact.too_long": "This is longer than fits. One way to reach you is enough.",
        # 7 Check
        "check.heading": "Is this right?",
        "check.help": "No report has been made yet. You can change everything here.",
        "check.age": "18 or older",
        "check.age.yes": "Yes",
        "check.pictures": "The picture",
        "check.pictures.one": "1 picture. Its numbers are sent, the picture is not.",
        "check.pictures.many": "{number} pictures. Their numbers are sent, the pictures are not.",
        "check.pictures.none": "Not added",
        "check.where": "Where it is",
        "check.where.none": "Not known",
        "check.where.nobody": "we cannot look there",
        "check.account": "What happened",
        "check.statements": "Statements",
        "check.statements.yes": "Both confirmed, signed “{signature}”",
        "check.contact": "To reach you",
        "check.none": "Not said",
        "check.change": "Change",
        "check.change.which": "Change: {what}",
        "check.send": "Send",
        "check.sealed": "When you press Send, your answers are sealed so that only the people who work on "
        "your report can open them. Then you get your receipt.",
        "check.trap.label": "Leave this field empty",
        "check.trap": "A field that people do not see was filled in, maybe by a program on this device. It "
        "is empty again now. Please press Send once more.",
        "check.failed": "Your report could not be stored just now. Nothing you wrote is lost: it is all "
        "here. Please wait a minute and press Send again.",
        "check.limited": "Many reports are arriving by the same way as yours. Nothing you wrote is lost. "
        "Please press Send again in {wait}.",
        # Instead of waiting
        "busy.title": "Many people are here",
        "busy.heading": "Many people are here right now",
        "busy.lead": "They came by the same way as you, and we cannot keep more answers at this moment. It "
        "has nothing to do with you. Please try again in a minute.",
        "busy.again": "Try again",
        "work.heading": "Or let this device work instead",
        "work.help": "Instead of waiting, this device can do some sums. That is easy for one person, and "
        "hard for somebody who sends thousands of reports. It usually takes {least} to {most}. Keep this "
        "page open. Nothing about you or this device is sent.",
        "work.begin": "Let this device work",
        "work.working": "Working. The page goes on by itself.",
        "work.failed": "This browser cannot do that. Please wait instead.",
        # By a link for many reports
        "by_link.title": "Several reports",
        "by_link.heading": "You came by a link for several reports",
        "by_link.lead": "Somebody who helps people gave you this link, or you help people yourself.",
        "by_link.1": "Each report that is sent from here is one of its own, with a receipt of its own.",
        "by_link.2": "Whoever made the link sees how many reports were sent by it, but not which ones.",
        "by_link.3": "Press “Leave this page” after each one. To send another, open the link again.",
        "by_link.ended.heading": "This link does not work any more",
        "by_link.ended": "Its time is over, or it was used as often as it may be. You can report without it: "
        "the questions are the same.",
        # Sent
        "sent.title": "Your receipt",
        "sent.heading": "Your report has arrived",
        "sent.lead": "This number is your receipt. It is the only way back to your report.",
        "sent.number": "Receipt number",
        "sent.once": "Keep it now: we cannot find it again for you. We do not store it, and nobody here can "
        "look it up.",
        "sent.copy": "Copy the number",
        "sent.copied": "Copied",
        "sent.copy_failed": "Copying did not work here. Please write it down.",
        "sent.print": "Print",
        "sent.keep": "You can write it down, copy it, print it, or photograph the pattern below. It looks "
        "like any other number, and says nothing about what it is for. Whoever has it can see what you see "
        "here, so keep it to yourself.",
        "sent.qr": "The same number as a pattern. It holds only the number, no address.",
        "sent.next": "What happens now",
        "sent.next.when.1": "At once",
        "sent.next.1": "Your report is opened and compared with what is posted in the places we are "
        "connected to. That includes earlier posts. When very many reports come at once, a person looks at "
        "them first.",
        "sent.next.when.2": "Within {within}",
        "sent.next.2": "People decide about what was found, and what must go is removed. That is the limit "
        "we set ourselves; often it is faster. After the decision your receipt shows what was found.",
        "sent.next.when.3": "Afterwards",
        "sent.next.3": "We look again, for weeks, whether it stays gone. New copies are looked for too.",
        "sent.status": "See how things stand",
        "sent.done": "When you have kept the number, press “Leave this page”. Then this browser has it no "
        "more.",
        # Privacy
        "privacy.title": "How your answers are protected",
        "privacy.heading": "How your answers are protected",
        "privacy.lead": "What leaves your device, who can read it, and how long it is kept.",
        "privacy.leaves": "What leaves your device",
        "privacy.leaves.1": "Your answers, page by page, so that none of them stays in this browser. Here "
        "they are sealed with a key that only this browser has. Nobody reads them before you press Send.",
        "privacy.leaves.2": "Of a picture: eight numbers and how much detail it has. There is no way here "
        "to send the picture itself, and your browser is told to refuse it.",
        "privacy.leaves.3": "Nothing goes to anybody else. These pages load nothing from other sites and "
        "count no visitors. They set one cookie: the key to your answers. “Leave this page” deletes it.",
        "privacy.who": "Who can read it",
        "privacy.who.1": "When you press Send, this site seals your report. It has no key to open it again, "
        "and cannot show it to anyone, you included.",
        "privacy.who.2": "The reviewers who work on your report read where the picture is, what happened "
        "and your signature. How to reach you is shown only when they ask for it, and that is written down.",
        "privacy.who.3": "The platforms get what is needed to remove a copy. They do not get your name, "
        "your words or a way to reach you.",
        "privacy.who.4": "Whoever shared the picture learns nothing from us about who reported it.",
        "privacy.stored": "What is stored, and for how long",
        "privacy.stored.draft": "Your answers before you press Send, and a receipt that you look up",
        "privacy.stored.draft.how": "Sealed with the key in the cookie, which is not kept here",
        "privacy.stored.draft.long": "{life} minutes after the last page that you sent; less if you leave "
        "or send",
        "privacy.stored.answers": "Your answers",
        "privacy.stored.answers.how": "Sealed, and padded so that even their length says nothing",
        "privacy.stored.answers.long": "As long as your case is worked on",
        "privacy.stored.receipt": "Your receipt",
        "privacy.stored.receipt.how": "Not stored; only a trace that cannot be turned back into the number",
        "privacy.stored.receipt.long": "1 year",
        "privacy.stored.evidence": "Your evidence, if you ask for it with your receipt",
        "privacy.stored.evidence.how": "As one file, put together for you; the pictures in it are sealed",
        "privacy.stored.evidence.long": "24 hours",
        "privacy.stored.numbers": "The numbers of the picture",
        "privacy.stored.numbers.how": "To find copies, old and new",
        "privacy.stored.numbers.long": "As long as copies are looked for",
        "privacy.stored.address": "Your network address",
        "privacy.stored.address.how": "Not stored. A disguised form of it counts how often one network "
        "asks and sends; after the day nobody can turn it back",
        "privacy.stored.address.long": "At most 25 hours",
        "privacy.limits": "What we cannot promise",
        "privacy.limits.1": "Who runs this site could change what it does. For that reason the program is "
        "public, and the work is recorded in a log that others can check.",
        "privacy.limits.4": "A browser that was closed without “Leave this page” can often be opened again "
        "as it was. Then the answers can be seen on this device, for at most {life} minutes.",
        "privacy.limits.2": "Somebody who can see your device or your network may see that you were here, "
        "though not what you wrote.",
        "privacy.limits.3": "The number of a picture is not the picture, but it is not nothing: whoever has "
        "both can tell that they belong together. So it is guarded like your answers.",
        # Cookies
        "cookies.title": "One cookie is needed",
        "cookies.heading": "Your browser did not keep our cookie",
        "cookies.lead": "Your answers are kept sealed, and the key to them is in a cookie. Without it we "
        "cannot keep anything from one page to the next. What you just sent was not kept.",
        "cookies.1": "Allow cookies for this site in the browser's settings. A private window works too.",
        "cookies.2": "The cookie holds a random key, and nothing about you. “Leave this page” deletes it.",
        "cookies.3": "Another browser may work at once.",
        "cookies.again": "Try again from the first page",
        # Gone
        "gone.title": "Nothing is here",
        "gone.heading": "There is nothing here any more",
        "gone.lead": "What was typed on these pages is deleted when somebody leaves or sends it, and "
        "{life} minutes after the last page that was sent.",
        "gone.more": "If you pressed Send and have your receipt, your report is safe. If not, please begin "
        "again.",
        # Trouble
        "trouble.title": "Something is in the way",
        "trouble.back": "Go to the first page",
        "trouble.go_on": "Go on with the questions",
        "trouble.400.heading": "This page did not arrive as it should",
        "trouble.400": "Something on the way changed what was sent. What you answered before is kept. "
        "Please answer that question once more.",
        "trouble.404.heading": "There is no page here",
        "trouble.404": "The address may have changed.",
        "trouble.405.heading": "This page cannot be opened like this",
        "trouble.405": "Please begin at the first page. If you were in the middle of the questions, use "
        "“Back” on the page.",
        "trouble.413.heading": "That was too much at once",
        "trouble.413": "What you answered before is kept. Please answer that question once more, with "
        "fewer words.",
        "trouble.415.heading": "Files cannot be sent here",
        "trouble.415": "That is on purpose: no picture can reach us this way.",
        "trouble.500.heading": "Something went wrong on our side",
        "trouble.500": "It is not your fault. What you answered before is kept for {life} minutes. Please "
        "try again in a minute: only the last page may have to be answered once more.",
        "trouble.503.heading": "We cannot keep your answers just now",
        "trouble.503": "Something is full or being mended here; it is not your fault. What you answered "
        "before is kept for {life} minutes. Please try again in a minute: only the last page may have to "
        "be answered once more.",
        # The page that the way out leads to; nothing here may tell where one came from.
        "weather.title": "Reading the sky",
        "weather.heading": "Reading the sky",
        "weather.lead": "A few old signs that still work, if you have a window.",
        "weather.1.heading": "High, thin, feathery clouds",
        "weather.1": "Cirrus clouds are ice. If they thicken from the west over the day, a front is on its "
        "way, and rain may follow within a day or so.",
        "weather.2.heading": "A ring around the moon",
        "weather.2": "Light bends in the ice of a thin veil of cloud. Wet weather often follows, though "
        "less often than the saying has it.",
        "weather.3.heading": "Small heaps with flat bases",
        "weather.3": "Fair-weather cumulus. As long as they stay wider than they are tall, the day stays "
        "dry. When they begin to tower before noon, expect showers in the afternoon.",
        "weather.4.heading": "Red sky in the evening",
        "weather.4": "Where weather comes from the west, clear air there lets the last light through, and "
        "the next day is often fine.",
        "weather.5.heading": "Swallows and smoke",
        "weather.5": "Swallows follow insects, which fly high in steady air. Smoke that rises straight says "
        "the same; smoke that sinks and spreads says that the air is changing.",
    },
)
LANGUAGES: Mapping[str, Language] = {ENGLISH.code: ENGLISH}
