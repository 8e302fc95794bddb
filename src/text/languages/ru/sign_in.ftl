# Signing in, and choosing which account goes on.

sign-in-title = Вход
sign-in-to = Войдите, чтобы перейти в «{ $program }»
sign-in-again = Войдите ещё раз
sign-in-again-why = Программа «{ $program }» просит вас снова ввести пароль.
sign-in-again-plain = Чтобы продолжить, снова введите пароль.
sign-in-username = Имя пользователя, эл. почта или телефон
sign-in-password = Пароль
sign-in-button = Войти
# The same for an unknown person and for a wrong password.
sign-in-no-match = Имя и пароль не подходят друг к другу. Проверьте их и попробуйте ещё раз.
# Who is asked again cannot change the username.
sign-in-no-match-again = Пароль не подходит.
sign-in-throttled = Слишком много попыток. Попробуйте снова через { $wait }.

choose-title = Выберите аккаунт
choose-title-for = Выберите аккаунт, чтобы перейти в «{ $program }»
continue-as = Продолжить как { $name }
use-another = Войти в другой аккаунт
