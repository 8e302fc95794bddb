# What went wrong: a title, what happened, what to do. What ends in «-unnamed» is said where nobody
# knows the program's name.

error-id = Номер ошибки: { $id }
error-detail = Для тех, кто делает эту программу

error-unregistered-redirect-uri-title = Эта ссылка неверна
error-unregistered-redirect-uri-what = Программа «{ $program }» хотела отправить вас по адресу, который она не зарегистрировала.
error-unregistered-redirect-uri-do = Мы ничего не передали. Вернитесь и откройте «{ $program }» ещё раз. Если это повторится, сообщите издателю программы.

error-unknown-client-title = Мы не знаем этой программы
error-unknown-client-what = Программа, которая отправила вас сюда, не зарегистрирована.
error-unknown-client-do = Мы ничего не передали. Вернитесь туда, откуда пришли.

error-not-available-title = Программа «{ $program }» недоступна
error-not-available-what = Программа «{ $program }» сейчас закрыта. Ей ничего не передаётся.
error-not-available-do = Попробуйте позже.

error-testers-only-title = Программа «{ $program }» недоступна
error-testers-only-what = Программу «{ $program }» ещё испытывают. Открыть её могут только те, кто этим занят.
error-testers-only-do = Попробуйте, когда она выйдет.

# Страницы, которые уже никуда не ведут. Что делать, почти на всех одинаково.
error-stale-do = Откройте «{ $program }» ещё раз.
error-stale-do-unnamed = Откройте программу ещё раз.
error-stale-over-title = Эта страница больше не нужна
error-stale-over-what = То, о чём здесь просила программа «{ $program }», уже закончено.
error-stale-over-what-unnamed = То, о чём здесь просила программа, уже закончено.
error-stale-over-do = Откройте «{ $program }», чтобы продолжить.
error-stale-over-do-unnamed = Откройте программу, чтобы продолжить.
error-stale-too-old-title = Эта страница была открыта слишком долго
error-stale-too-old-what = Она действует полчаса. Через неё мы ничего не передали.
error-stale-elsewhere-title = Эта страница не для этого браузера
error-stale-elsewhere-what = Она сделана для другого браузера, или её место заняла другая вкладка, или файлы cookie удалены.
error-stale-no-cookie-title = Браузер не прислал файл cookie
error-stale-no-cookie-what = Этой странице нужен файл cookie, который мы дали браузеру. Он удалён, или браузер их не хранит.
error-stale-no-cookie-do = Разрешите здесь файлы cookie и откройте «{ $program }» ещё раз.
error-stale-no-cookie-do-unnamed = Разрешите здесь файлы cookie и откройте программу ещё раз.
error-stale-unreadable-title = Этот адрес никуда не ведёт
error-stale-unreadable-what = Он неполон, или сделан не нами.
error-stale-sheet-title = Этот вопрос уже закрыт
error-stale-sheet-what = На него уже ответили, или он ждал слишком долго. Больше ничем не поделились.

error-web-ticket-title = Войти не удалось
error-web-ticket-what = То, что передало суперприложение, действует один раз, одну минуту и только там, где его открыли. Мы ничего не передали.
error-web-ticket-do = Закройте программу и откройте её ещё раз.

error-somebody-else-title = Здесь вошёл кто-то другой
error-somebody-else-what = Суперприложение открыло программу не для того, кто здесь вошёл. Мы ничего не передали.
error-somebody-else-do = Закройте программу и откройте её ещё раз.

error-too-many-requests-title = Слишком много запросов
error-too-many-requests-what = Отсюда приходит больше запросов, чем мы можем принять.
error-too-many-requests-do = Попробуйте снова через { $wait }.

error-broken-title = Что-то сломалось
error-broken-what = Что-то сломалось у нас. Мы ничего не передали.
error-broken-do = Попробуйте снова через минуту.

error-not-found-title = Такой страницы нет
error-not-found-what = Этот адрес никуда не ведёт.
error-not-found-do = Проверьте адрес или откройте настройки.

error-forged-form-title = Этой форме нельзя доверять
error-forged-form-what = Она пришла не с этого сайта или из другого браузера. Мы ничего не изменили.
error-forged-form-do = Вернитесь, обновите страницу и попробуйте ещё раз.

error-bad-request-title = Этот запрос не удалось понять
error-bad-request-what = Программа «{ $program }» отправила неверный запрос. Мы ничего не передали.
error-bad-request-what-unnamed = Программа отправила неверный запрос. Мы ничего не передали.
error-bad-request-do = Вернитесь и откройте «{ $program }» ещё раз. Если это повторится, сообщите издателю программы.
error-bad-request-do-unnamed = Вернитесь и откройте программу ещё раз. Если это повторится, сообщите её издателю.

error-account = Открыть настройки
error-open = Открыть «{ $name }»

form-post-title = Минутку
form-post-explained = Сейчас вы перейдёте дальше. Если ничего не происходит, нажмите «Продолжить».

# For the makers of a draft, on its pages.
for-makers = Для тех, кто делает эту программу
makers-received = Получено
makers-registered = Подошло бы
makers-nothing = Пока ничего
makers-redirect-uri-not-registered = Адрес redirect_uri не зарегистрирован. Он должен совпадать с одним из этих буква в букву.
makers-post-logout-redirect-uri-not-registered = Адрес post_logout_redirect_uri не зарегистрирован. Он должен совпадать с одним из этих буква в букву.
makers-redirect-uri-of-another-request = Адрес redirect_uri не тот, что был в запросе авторизации.
makers-verifier-of-another-challenge = Этот code_verifier относится к другому code_challenge.
makers-scope-not-allowed = Этих scope в ответах не будет: раньше человек их не разрешил. Ответы называют то, что осталось.
makers-scope-not-registered = Этих scope в ответах не будет: программа их не зарегистрировала. Ответы называют то, что осталось.
