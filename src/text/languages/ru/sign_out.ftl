# Signing out.

sign-out-title = Выйти?
sign-out-explained = Если выйти везде, «{ $brand }» и все программы в этом браузере закроются. На других устройствах вы останетесь в аккаунте.
sign-out-program-explained = Программа «{ $program }» предлагает вам выйти. Можно выйти только из неё и остаться в остальных.
sign-out-everywhere = Выйти везде
sign-out-leave = Выйти только из «{ $program }»
sign-out-stay = Остаться

signed-out-title = Вы вышли в этом браузере
signed-out-everywhere = Все программы в этом браузере закрыты. На других устройствах вы остались в аккаунте.
signed-out-left-title = Вы вышли из «{ $program }»
signed-out-left = Вы вышли из программы «{ $program }» и остались в остальных.
signed-out-nobody-title = Вы и не входили
signed-out-nobody = Выходить было неоткуда.
signed-out-sign-in = Войти
