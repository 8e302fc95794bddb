# Words that all pages use.

skip-to-content = Skip to the content
verified-publisher = Verified publisher
unverified-publisher = Publisher not verified
by-publisher = by { $publisher }
test-ribbon = Test
suspended-ribbon = Not available
test-explained = This program is a test. Only its testers can open it.
policy = Privacy policy
terms = Terms
back-to = Back to { $name }
signed-in-as = Signed in as { $name }
not-you = Not you?
cancel = Cancel
continue = Continue

# Dates and times. $hour and $minute have two digits. All times are in UTC.
date = { $day } { $month } { $year }
time = { $hour }:{ $minute }
date-time = { $date }, { $time } UTC
month-01 = January
month-02 = February
month-03 = March
month-04 = April
month-05 = May
month-06 = June
month-07 = July
month-08 = August
month-09 = September
month-10 = October
month-11 = November
month-12 = December
seconds = { $count ->
    [one] 1 second
   *[other] { $count } seconds
 }
minutes = { $count ->
    [one] 1 minute
   *[other] { $count } minutes
 }
