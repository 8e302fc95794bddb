# Signing in, and choosing which account goes on.

sign-in-title = Sign in
sign-in-to = Sign in to continue to { $program }
sign-in-again = Please sign in again
sign-in-again-why = { $program } asks you to enter your password again.
sign-in-again-plain = Enter your password again to go on.
sign-in-username = Username, e-mail or phone
sign-in-password = Password
sign-in-button = Sign in
# The same for an unknown person and for a wrong password.
sign-in-no-match = That does not match. Check both and try again.
# Who is asked again cannot change the username.
sign-in-no-match-again = The password does not match.
sign-in-throttled = Too many tries. Try again in { $wait }.

choose-title = Choose an account
choose-title-for = Choose an account to continue to { $program }
continue-as = Continue as { $name }
use-another = Use another account
