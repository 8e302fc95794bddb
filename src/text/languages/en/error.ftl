# What went wrong: a title, what happened, what to do. What ends in “-unnamed” is said where nobody
# knows the program's name.

error-id = Error id: { $id }
error-detail = For the program's makers

error-unregistered-redirect-uri-title = This link is not right
error-unregistered-redirect-uri-what = { $program } wanted to send you to an address that it has not registered.
error-unregistered-redirect-uri-do = Nothing was shared. Go back and open { $program } again. If this happens again, tell its publisher.

error-unknown-client-title = We do not know this program
error-unknown-client-what = The program that sent you here is not registered.
error-unknown-client-do = Nothing was shared. Go back to where you came from.

error-not-available-title = { $program } is not available
error-not-available-what = { $program } is closed at the moment. Nothing is shared with it.
error-not-available-do = Try again later.

error-testers-only-title = { $program } is not available
error-testers-only-what = { $program } is being tested. Only its testers can open it.
error-testers-only-do = Try again when it is released.

# Pages that lead nowhere any more. What to do is the same for most of them.
error-stale-do = Open { $program } again.
error-stale-do-unnamed = Open the program again.
error-stale-over-title = This page is not needed any more
error-stale-over-what = What { $program } asked for here has ended.
error-stale-over-what-unnamed = What the program asked for here has ended.
error-stale-over-do = Open { $program } to go on.
error-stale-over-do-unnamed = Open the program to go on.
error-stale-too-old-title = This page was open for too long
error-stale-too-old-what = It works for half an hour. Nothing was shared on it.
error-stale-elsewhere-title = This page does not belong to this browser
error-stale-elsewhere-what = It was made for another browser, or another tab took its place, or its cookies were cleared.
error-stale-no-cookie-title = Your browser sent no cookie
error-stale-no-cookie-what = This page needs the cookie that we gave your browser. It was cleared, or your browser keeps none.
error-stale-no-cookie-do = Allow cookies here, then open { $program } again.
error-stale-no-cookie-do-unnamed = Allow cookies here, then open the program again.
error-stale-unreadable-title = This address leads nowhere
error-stale-unreadable-what = It is not complete, or it was not made by us.
error-stale-sheet-title = This question is closed
error-stale-sheet-what = It was answered already, or it waited for too long. Nothing more was shared.

error-web-ticket-title = You could not be signed in
error-web-ticket-what = What the super app sent along works once, for a minute, and only where it is opened. Nothing was shared.
error-web-ticket-do = Close the program and open it again.

error-somebody-else-title = Somebody else is signed in here
error-somebody-else-what = The super app opened this program for another person than the one who is signed in here. Nothing was shared.
error-somebody-else-do = Close the program and open it again.

error-too-many-requests-title = Too many requests
error-too-many-requests-what = We got more requests from here than we can take.
error-too-many-requests-do = Try again in { $wait }.

error-broken-title = Something broke
error-broken-what = Something broke on our side. Nothing was shared.
error-broken-do = Try again in a minute.

error-not-found-title = There is no such page
error-not-found-what = This address leads nowhere.
error-not-found-do = Check the address, or open Settings.

error-forged-form-title = This form cannot be trusted
error-forged-form-what = The form did not come from this site, or it came from another browser. Nothing was changed.
error-forged-form-do = Go back, load the page again, and try once more.

error-bad-request-title = This request cannot be read
error-bad-request-what = { $program } sent a request that is not right. Nothing was shared.
error-bad-request-what-unnamed = The program sent a request that is not right. Nothing was shared.
error-bad-request-do = Go back and open { $program } again. If this happens again, tell its publisher.
error-bad-request-do-unnamed = Go back and open the program again. If this happens again, tell its publisher.

error-account = Open Settings
error-open = Open { $name }

form-post-title = One moment
form-post-explained = You are being sent on. If nothing happens, choose Continue.

# For the makers of a draft, on its pages.
for-makers = For the makers of this program
makers-received = Received
makers-registered = Would fit
makers-nothing = Nothing yet
makers-redirect-uri-not-registered = The redirect_uri is not registered. It must be one of these, letter for letter.
makers-post-logout-redirect-uri-not-registered = The post_logout_redirect_uri is not registered. It must be one of these, letter for letter.
makers-redirect-uri-of-another-request = The redirect_uri is not the one of the authorization request.
makers-verifier-of-another-challenge = The code_verifier belongs to another code_challenge.
makers-scope-not-allowed = These scopes are left out: the person did not allow them before. Answers name what is left.
makers-scope-not-registered = These scopes are left out: the program did not register them. Answers name what is left.
