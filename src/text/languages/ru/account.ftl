# A person's own pages: who knows what, devices, password, history. Every consent page promises that
# its answer can be changed in «настройки», so that is what they are called.

account-title = Настройки
account-nav = Настройки
account-nav-overview = Обзор
account-nav-sessions = Устройства
account-nav-password = Пароль
account-nav-history = История
account-language = Язык: { $language }
account-nav-sign-out = Выйти
account-programs = Кто что знает
account-empty = Пока ни одна программа ничего о вас не знает.
account-empty-more = Когда вы откроете программу и чем-то с ней поделитесь, она появится здесь.
account-knows = Программа «{ $program }» знает
account-knows-nothing = Только идентификатор, созданный для неё одной.
account-since = С { $date }
account-last-used = Последний раз: { $date }
account-never-used = Пока не пользовалась
account-refused = Вы не делитесь
account-refused-note = Программа «{ $program }» не спросит об этом снова, если вы не разрешите.
account-reopen = Пусть спросит снова
account-reopen-label = Пусть спросит снова: { $scope }, «{ $program }»
account-take-back = Не делиться
account-take-back-label = Не делиться больше: { $scope }, «{ $program }»
account-remove = Закрыть доступ
account-remove-label = Закрыть доступ: «{ $program }»
account-gone-by = { $scope }: прежний доступ истечёт к { $time } UTC.
account-removed = У программы «{ $program }» больше нет доступа.
account-removed-gone-by = У программы «{ $program }» больше нет доступа. То, что у неё осталось, истечёт к { $time } UTC.
account-taken-back = Вы больше не делитесь этим с программой «{ $program }»: { $scope }.
account-reopened = Программа «{ $program }» может спросить снова: { $scope }.

sessions-title = Устройства
sessions-intro = Здесь вы вошли в аккаунт. Если выйти на устройстве, на нём закроются все программы.
sessions-here = Это устройство
sessions-started = Вход: { $date }
sessions-last-seen = Последний раз: { $date }
sessions-end = Выйти
sessions-end-label = Выйти: { $device }, вход { $date }
sessions-end-others = Выйти на всех остальных
sessions-only-this = На других устройствах вы не входили.
sessions-others-ended = На всех остальных устройствах вы вышли.
device-on = { $browser }, { $system }
device-unknown = Неизвестный браузер

password-title = Пароль
password-intro = Если сменить пароль, на других устройствах придётся войти заново.
password-rules = Не меньше 10 знаков. Хорошо подойдут несколько слов, которые только вы поставили бы рядом.
password-current = Нынешний пароль
password-new = Новый пароль
password-button = Сменить пароль
password-too-short = Слишком короткий: нужно не меньше 10 знаков.
password-too-long = Слишком длинный: можно не больше { $count } знаков.
password-not-text = В нём есть знаки, которых нельзя набрать. Придумайте другой.
password-too-common = Слишком простой: его легко угадать. Придумайте другой.
password-same = Это ваш нынешний пароль. Придумайте другой.
password-wrong-current = Нынешний пароль не подходит.
password-changed = Пароль изменён. На других устройствах вы вышли.

language-title = Язык
# The language's own name for itself.
language-name = Русский
language-intro = На этом языке будут страницы входа, согласия и настроек, если программа не попросит другой.
language-by-browser = Как в браузере

history-title = История
history-intro = Что вы решали; сначала новое.
history-empty = Вы пока ничего не решали.
history-allowed = Вы поделились с программой «{ $program }»
history-withheld = Вы больше ничем не поделились с программой «{ $program }»
history-removed = Вы закрыли доступ программе «{ $program }»
history-taken-back = Вы перестали делиться с программой «{ $program }»
history-reopened = Вы разрешили программе «{ $program }» спросить снова
history-kept-list = Не передано
history-older = Раньше
