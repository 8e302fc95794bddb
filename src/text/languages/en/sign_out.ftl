# Signing out.

sign-out-title = Sign out?
sign-out-explained = Signing out everywhere closes { $brand } and every program in this browser. Your other devices stay signed in.
sign-out-program-explained = { $program } asks to sign you out. You can leave only { $program } and stay signed in to the others.
sign-out-everywhere = Sign out everywhere
sign-out-leave = Leave { $program } only
sign-out-stay = Stay signed in

signed-out-title = You are signed out in this browser
signed-out-everywhere = Every program in this browser is closed. Your other devices stay signed in.
signed-out-left-title = You left { $program }
signed-out-left = { $program } is signed out. You are still signed in to the others.
signed-out-nobody-title = You were not signed in
signed-out-nobody = There was nothing to sign out of.
signed-out-sign-in = Sign in
