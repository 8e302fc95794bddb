# Signing out.

sign-out-title = Sign out?
sign-out-explained = Signing out everywhere ends this session in every program at once.
sign-out-program-explained = { $program } asks to sign you out. You can leave { $program } alone and stay signed in elsewhere.
sign-out-everywhere = Sign out everywhere
sign-out-leave = Leave { $program } only
sign-out-stay = Stay signed in

signed-out-title = You are signed out
signed-out-everywhere = You are signed out everywhere. Every program is closed to whoever comes next.
signed-out-left-title = You left { $program }
signed-out-left = { $program } is signed out. You are still signed in elsewhere.
signed-out-nobody-title = You were not signed in
signed-out-nobody = There was nothing to sign out of.
signed-out-sign-in = Sign in
