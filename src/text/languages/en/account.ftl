# A person's own pages: who knows what, devices, password, history. Every consent page promises that
# its answer can be changed in Settings, so that is what they are called.

account-title = Settings
account-nav = Settings
account-nav-overview = Overview
account-nav-sessions = Devices
account-nav-password = Password
account-nav-history = History
account-language = Language: { $language }
account-nav-sign-out = Sign out
account-programs = Who knows what
account-empty = No program knows anything about you yet.
account-empty-more = When you open one and share something with it, it is listed here.
account-knows = { $program } knows
account-knows-nothing = It knows nothing but an id made for it alone.
account-since = Since { $date }
account-last-used = Last used { $date }
account-never-used = Not used yet
account-refused = You do not share
account-refused-note = { $program } does not ask for these again unless you let it.
account-reopen = Let it ask again
account-reopen-label = Let it ask again: { $scope }, { $program }
account-take-back = Stop sharing
account-take-back-label = Stop sharing: { $scope }, { $program }
account-remove = Remove access
account-remove-label = Remove access: { $program }
account-gone-by = { $scope }: what it still holds runs out by { $time } UTC.
account-removed = { $program } has no access any more.
account-removed-gone-by = { $program } has no access any more. What it still holds runs out by { $time } UTC.
account-taken-back = You no longer share this with { $program }: { $scope }.
account-reopened = { $program } may ask again: { $scope }.

sessions-title = Devices
sessions-intro = Where you are signed in. Signing a device out closes every program on it.
sessions-here = This device
sessions-started = Signed in { $date }
sessions-last-seen = Last seen { $date }
sessions-end = Sign out
sessions-end-label = Sign out: { $device }, signed in { $date }
sessions-end-others = Sign out everywhere else
sessions-only-this = You are signed in nowhere else.
sessions-others-ended = Everywhere else is signed out.
device-on = { $browser } on { $system }
device-unknown = Unknown browser

password-title = Password
password-intro = Changing it signs your other devices out.
password-rules = At least 10 characters. A few words that only you would put together work well.
password-current = Current password
password-new = New password
password-button = Change password
password-too-short = Too short: use at least 10 characters.
password-too-long = Too long: use at most { $count } characters.
password-not-text = It has characters that cannot be typed. Choose another one.
password-too-common = Too common: others would guess it. Choose another one.
password-same = This is your current password. Choose another one.
password-wrong-current = The current password does not match.
password-changed = Your password is changed. Other devices are signed out.

language-title = Language
# The language's own name for itself.
language-name = English
language-intro = Pages for signing in, sharing and settings are in this language, unless a program asks for another one.
language-by-browser = As in my browser

history-title = History
history-intro = What you decided, newest first.
history-empty = You have not decided anything yet.
history-allowed = You shared with { $program }
history-withheld = You shared nothing more with { $program }
history-removed = You removed the access of { $program }
history-taken-back = You stopped sharing with { $program }
history-reopened = You let { $program } ask again
history-kept-list = Not shared
history-older = Older
