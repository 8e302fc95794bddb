# What a program asks for, and a person's answer.

consent-title = Share with { $program }?
consent-asks = { $program } asks to see:
consent-continue-title = Continue to { $program }
consent-continue-asks = { $program } will see:
consent-nothing = { $program } gets an id made for it alone, and nothing else.
consent-always = Always shared
consent-says = { $program } says:
consent-purpose = “{ $purpose }”
consent-settings = You can change this in Settings.
consent-allow = Allow
consent-not-now = Not now
consent-withhold = Don't share
consent-withhold-explained = “Don't share” goes on without it and is remembered. “Not now” stops here.
consent-sensitive-title = Share { $what } with { $program }?
consent-sensitive-asks = { $program } asks to see { $what }.
consent-sensitive-why = This is asked separately because it is sensitive.

# What each scope is. Scopes that an operator adds have their own words.
scope-openid = An id made for this program alone
scope-unionid = An id shared by all programs of this publisher
scope-profile-basic = Your name and picture
scope-phone-verified = Your phone number
scope-email-verified = Your e-mail address
scope-addresses = Your addresses
scope-payment_methods = Your payment methods
scope-kyc-status = Your identity check
scope-profile = Your profile
scope-email = Your e-mail address
scope-phone = Your phone number
scope-address = Your address
scope-offline_access = Keep access while you are not here
scope-portico-launch = Open mini-programs for you
# Allowed once, and removed since then by whoever runs this server.
scope-undescribed = A service that is no longer offered here

# The same inside a sentence, for those that are asked for on a page of their own.
what-addresses = your addresses
what-payment_methods = your payment methods
what-kyc-status = the result of your identity check

# Where there is nothing to share yet.
missing-scope-phone-verified = You have no verified phone number yet
missing-scope-phone = You have no phone number yet
missing-scope-email-verified = You have no verified e-mail address yet
missing-scope-email = You have no e-mail address yet
missing-scope-profile-basic = You have no name yet
missing-scope-profile = Your profile is empty
missing-scope-addresses = You have no addresses yet
missing-scope-address = You have no address yet
missing-scope-payment_methods = You have no payment methods yet
missing-scope-kyc-status = Your identity was not checked yet

# Values.
value-card = { $brand } •••• { $last4 }
value-card-expires = { $brand } •••• { $last4 }, until { $expires }
value-address = { $label }: { $address }
value-kyc-verified = Verified (level: { $level })
value-kyc-verified-since = Verified since { $date } (level: { $level })
value-kyc-pending = Being checked (level: { $level })
value-kyc-rejected = Not passed (level: { $level })
value-kyc-expired = Expired (level: { $level })
value-kyc-none = Not checked (level: { $level })

# Claims that need their name beside them.
claim-nickname = Nickname: { $value }
claim-preferred_username = Username: { $value }
claim-gender = Gender: { $value }
claim-birthdate = Born: { $value }
claim-website = Website: { $value }
claim-profile = Page: { $value }
claim-locale = Language: { $value }
claim-zoneinfo = Time zone: { $value }
