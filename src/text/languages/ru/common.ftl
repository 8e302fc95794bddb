# Words that all pages use.

skip-to-content = К содержанию
verified-publisher = Издатель проверен
unverified-publisher = Издатель не проверен
by-publisher = { $publisher }
test-ribbon = Проба
suspended-ribbon = Недоступна
test-explained = Это пробная программа. Открыть её могут только те, кто её испытывает.
policy = Как используются данные
terms = Условия
back-to = Вернуться в «{ $name }»
signed-in-as = Вы вошли как { $name }
not-you = Это не вы?
cancel = Отмена
continue = Продолжить

# Dates and times. $hour and $minute have two digits. All times are in UTC.
date = { $day } { $month } { $year } г.
time = { $hour }:{ $minute }
date-time = { $date }, { $time } UTC
month-01 = января
month-02 = февраля
month-03 = марта
month-04 = апреля
month-05 = мая
month-06 = июня
month-07 = июля
month-08 = августа
month-09 = сентября
month-10 = октября
month-11 = ноября
month-12 = декабря
# Both stand after «через».
seconds = { $count ->
    [one] { $count } секунду
    [few] { $count } секунды
   *[other] { $count } секунд
 }
minutes = { $count ->
    [one] { $count } минуту
    [few] { $count } минуты
   *[other] { $count } минут
 }
