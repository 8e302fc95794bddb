# What a program asks for, and a person's answer.

consent-title = Поделиться с программой «{ $program }»?
consent-asks = Программа «{ $program }» просит показать:
consent-continue-title = Перейти в «{ $program }»
consent-continue-asks = Программа «{ $program }» увидит:
consent-nothing = Программа «{ $program }» получит идентификатор, созданный для неё одной, и больше ничего.
consent-always = Передаётся всегда
consent-says = «{ $program }» поясняет:
consent-purpose = «{ $purpose }»
consent-settings = Это можно изменить в настройках.
consent-allow = Разрешить
consent-not-now = Не сейчас
consent-withhold = Не делиться
consent-withhold-explained = «Не делиться» — продолжить без этого; мы запомним ваш ответ. «Не сейчас» — остановиться здесь.
consent-sensitive-title = Показать программе «{ $program }» { $what }?
consent-sensitive-asks = Программа «{ $program }» просит показать { $what }.
consent-sensitive-why = Об этом мы спрашиваем отдельно: это очень личное.

# What each scope is. Scopes that an operator adds have their own words.
scope-openid = Идентификатор только для этой программы
scope-unionid = Идентификатор, общий для всех программ этого издателя
scope-profile-basic = Ваши имя и фото
scope-phone-verified = Ваш номер телефона
scope-email-verified = Ваш адрес электронной почты
scope-addresses = Ваши адреса
scope-payment_methods = Ваши способы оплаты
scope-kyc-status = Проверка вашей личности
scope-profile = Ваш профиль
scope-email = Ваш адрес электронной почты
scope-phone = Ваш номер телефона
scope-address = Ваш адрес
scope-offline_access = Доступ, пока вас здесь нет
scope-portico-launch = Запуск мини-программ для вас
# Allowed once, and removed since then by whoever runs this server.
scope-undescribed = Услуга, которой здесь больше нет

# The same inside a sentence, for those that are asked for on a page of their own: after «показать».
what-addresses = ваши адреса
what-payment_methods = ваши способы оплаты
what-kyc-status = результат проверки вашей личности

# Where there is nothing to share yet.
missing-scope-phone-verified = У вас пока нет подтверждённого номера телефона
missing-scope-phone = У вас пока нет номера телефона
missing-scope-email-verified = У вас пока нет подтверждённого адреса электронной почты
missing-scope-email = У вас пока нет адреса электронной почты
missing-scope-profile-basic = У вас пока нет имени
missing-scope-profile = Ваш профиль пока пуст
missing-scope-addresses = У вас пока нет адресов
missing-scope-address = У вас пока нет адреса
missing-scope-payment_methods = У вас пока нет способов оплаты
missing-scope-kyc-status = Вашу личность пока не проверяли

# Values.
value-card = { $brand } •••• { $last4 }
value-card-expires = { $brand } •••• { $last4 }, до { $expires }
value-address = { $label }: { $address }
value-kyc-verified = Личность подтверждена (уровень: { $level })
value-kyc-verified-since = Личность подтверждена { $date } (уровень: { $level })
value-kyc-pending = Идёт проверка (уровень: { $level })
value-kyc-rejected = Проверка не пройдена (уровень: { $level })
value-kyc-expired = Срок проверки истёк (уровень: { $level })
value-kyc-none = Проверки не было (уровень: { $level })

# Claims that need their name beside them.
claim-nickname = Краткое имя: { $value }
claim-preferred_username = Имя пользователя: { $value }
claim-gender = Пол: { $value }
claim-birthdate = Дата рождения: { $value }
claim-website = Сайт: { $value }
claim-profile = Страница: { $value }
claim-locale = Язык: { $value }
claim-zoneinfo = Часовой пояс: { $value }
