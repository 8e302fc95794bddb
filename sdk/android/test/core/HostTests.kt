// A host with fake views: the lock, the cover, the time, the sheet, the way back.
package portico.host

private const val ORIGIN = "https://market.example"

private class TestScreen : Screen {
    var hidden = false
    var inert = false
    var reason: String? = null
    var front = false
    var pages = 0
    var destroyed = false

    override fun paint(hidden: Boolean, inert: Boolean, reason: String?) {
        this.hidden = hidden
        this.inert = inert
        this.reason = reason
    }

    override fun show(front: Boolean) {
        this.front = front
    }

    override fun goBack() = (pages > 0).also { if (it) pages -= 1 }

    override fun destroy() {
        destroyed = true
    }
}

private class TestStream : HostStream {
    val said = ArrayList<String>()

    override fun check() {
        said.add("check")
    }

    override fun pause() {
        said.add("pause")
    }

    override fun close() {
        said.add("close")
    }
}

/** A host of Ada's with the programs `market` and `pay`, and what everybody saw. */
private class Nova(addressed: Boolean = true) : HostApp, Stage {
    val world = TestWorld()
    val screens = HashMap<String, TestScreen>()
    val heard = HashMap<String, ArrayList<Map<String, Any?>>>()
    val calls = ArrayList<Call>()
    val streams = ArrayList<TestStream>()
    val forgotten = ArrayList<String>()
    var sheet: ((String) -> Unit)? = null
    val host = Host("ada", this, this, world, mapOf("color_scheme" to "light"), "en") { TestStream().also(streams::add) }

    override val isAddressed = addressed

    override fun screen(program: Program) = TestScreen().also { screens[program.clientId] = it }

    override fun sheet(uri: String, interaction: String?, done: (String) -> Unit): () -> Unit {
        sheet = done
        return { sheet = null }
    }

    override fun forget(account: String) {
        forgotten.add(account)
    }

    override fun call(program: Program, call: Call) {
        calls.add(call)
    }

    fun open(id: String, entry: Entry = Entry(), sid: String? = "$id-1"): Program =
        host.open(Launch(id, "https://$id.example/open", listOf("https://$id.example"), sid = sid, entry = entry))

    /** A document of the program says hello, and keeps what it hears. */
    fun hello(program: Program, page: String = "page-of-" + program.clientId.padEnd(20, '-')): Map<String, Any?> {
        val id = program.clientId
        say(program, mapOf("type" to "hello", "page_nonce" to page, "client_id" to id))
        return heard.getValue(id).last()
    }

    fun say(program: Program, members: Map<String, Any?>) {
        val id = program.clientId
        val sender = Sender(true, true, "https://$id.example") { heard.getOrPut(id, ::ArrayList).add(Json.parseObject(it)!!) }
        program.receive(sender, Json.write(mapOf("portico" to 1) + members))
    }

    fun call(program: Program, welcome: Map<String, Any?>, method: String, id: Int = 1, params: Map<String, Any?> = emptyMap()) =
        say(program, mapOf("type" to "call", "page_nonce" to welcome["page_nonce"], "host_nonce" to welcome["host_nonce"], "id" to id, "method" to method, "params" to params))

    fun last(id: String) = heard.getValue(id).last()

    fun names(id: String) = heard[id].orEmpty().mapNotNull { it["name"] }
}

fun hostTests(tests: Tests) {
    lockTests(tests)
    phoneTests(tests)
    sheetTests(tests)
    launchTests(tests)
}

private fun lockTests(tests: Tests) {
    tests.test("the end of the session locks every program: drawn, told, and what runs fails") {
        val nova = Nova()
        val (market, pay) = nova.open("market") to nova.open("pay")
        val welcome = nova.hello(market)
        nova.hello(pay)
        nova.call(market, welcome, "login")
        nova.host.hear("session_ended", mapOf("reason" to "logout", "at" to 1.0))
        for (id in listOf("market", "pay")) {
            holds(nova.screens.getValue(id).hidden, "$id is seen")
            same(nova.screens.getValue(id).reason, "logout")
            same(nova.last(id)["data"], mapOf("reason" to "logout"))
        }
        same(nova.heard.getValue("market").first { it["type"] == "result" }["error"], "locked")
        same(runCatching { nova.open("late") }.exceptionOrNull()?.message, "locked", "a program opened after the end")
    }
    tests.test("the end of one program locks that one alone") {
        val nova = Nova()
        nova.hello(nova.open("market"))
        nova.hello(nova.open("pay"))
        nova.host.hear("session_ended", mapOf("reason" to "left", "client_id" to "market"))
        holds(nova.screens.getValue("market").hidden, "market is seen")
        holds(!nova.screens.getValue("pay").hidden, "pay is hidden")
        nova.host.hear("mini_program_suspended", mapOf("client_id" to "pay"))
        same(nova.screens.getValue("pay").reason, "suspended")
    }
    tests.test("the same person goes on under the new sid; a program without one is closed") {
        val nova = Nova()
        nova.hello(nova.open("market"))
        nova.hello(nova.open("pay"))
        nova.host.hear("session_expired", emptyMap())
        nova.host.signedIn(mapOf("market" to "market-2"))
        val welcome = nova.heard.getValue("market").last { it["type"] == "welcome" }
        same(welcome["sid"], "market-2")
        same(welcome["locked"], false)
        holds("unlocked" in nova.names("market"), "it does not hear that it is unlocked")
        holds(!nova.screens.getValue("market").hidden, "market is hidden")
        holds(nova.screens.getValue("pay").destroyed, "pay stays")
        same(nova.streams.size, 2, "the number of streams")
        same(nova.streams[0].said.last(), "close")
    }
    tests.test("another person finds nothing of the one before") {
        val nova = Nova()
        nova.hello(nova.open("market"))
        nova.host.hear("user_changed", mapOf("at" to 1.0))
        holds(nova.screens.getValue("market").destroyed, "a view of the former person stays")
        same(nova.host.programs.size, 0)
        same(nova.forgotten, listOf("ada"))
        same(nova.streams[0].said, listOf("close"))
    }
    tests.test("a document that comes to a locked program is told so") {
        val nova = Nova()
        val market = nova.open("market")
        nova.host.lock("operator")
        same(nova.hello(market)["locked"], true)
    }
}

private fun phoneTests(tests: Tests) {
    fun ready(nova: Nova, left: Double) = nova.host.hear("ready", mapOf("at" to 5_000.0, "session_expires_at" to 5_000.0 + left))
    tests.test("the session's time locks without a network, whatever the phone's calendar says") {
        val nova = Nova()
        nova.open("market")
        ready(nova, 60_000.0)
        nova.world.pass(59_999)
        holds(!nova.screens.getValue("market").hidden, "it is locked too early")
        nova.world.pass(1)
        same(nova.screens.getValue("market").reason, "expired")
    }
    tests.test("time that passed while the phone slept counts: at the next message, and when the app is seen again") {
        val nova = Nova()
        val market = nova.open("market")
        val welcome = nova.hello(market)
        ready(nova, 60_000.0)
        nova.world.sleep(60_000)
        nova.call(market, welcome, "context")
        same(nova.last("market")["error"], "locked")
        val other = Nova()
        other.open("market")
        ready(other, 60_000.0)
        other.host.background()
        other.world.sleep(60_000)
        other.host.foreground()
        same(other.screens.getValue("market").reason, "expired")
    }
    tests.test("a session that was prolonged ends at its new time") {
        val nova = Nova()
        nova.open("market")
        ready(nova, 60_000.0)
        nova.world.pass(50_000)
        ready(nova, 60_000.0)
        nova.world.pass(59_999)
        holds(!nova.screens.getValue("market").hidden, "it is locked too early")
        nova.world.pass(1)
        holds(nova.screens.getValue("market").hidden, "it is not locked")
    }
    tests.test("after 30 seconds in the background programs are covered until ready") {
        val nova = Nova()
        nova.hello(nova.open("market"))
        nova.host.background()
        same(nova.last("market")["name"], "hidden")
        nova.world.pass(30_000)
        holds(nova.screens.getValue("market").hidden, "it is not covered while nobody looks")
        same(nova.streams[0].said, listOf("pause"))
        nova.host.foreground()
        holds(nova.screens.getValue("market").hidden, "it is seen before it is known what happened")
        same(nova.screens.getValue("market").reason, null)
        same(nova.streams[0].said, listOf("pause", "check"))
        ready(nova, 60_000.0)
        holds(!nova.screens.getValue("market").hidden, "it stays covered")
    }
    tests.test("a phone that slept in the background covers before it shows anything") {
        val nova = Nova()
        nova.open("market")
        nova.host.background()
        nova.world.sleep(30_000)
        nova.host.foreground()
        holds(nova.screens.getValue("market").hidden, "it is seen before it is known what happened")
        same(nova.streams[0].said, listOf("check"))
    }
    tests.test("covered programs lock when the refresh is refused") {
        val nova = Nova()
        nova.open("market")
        nova.host.background()
        nova.world.sleep(30_000)
        nova.host.foreground()
        nova.host.hear("session_ended", mapOf("reason" to "logout"))
        same(nova.screens.getValue("market").reason, "logout")
        ready(nova, 60_000.0)
        holds(nova.screens.getValue("market").hidden, "a late ready lifts a lock")
    }
    tests.test("who is away for less than 30 seconds comes back to what was there") {
        val nova = Nova()
        nova.hello(nova.open("market"))
        nova.host.background()
        nova.world.pass(29_999)
        nova.host.foreground()
        holds(!nova.screens.getValue("market").hidden, "it is covered")
        same(nova.streams[0].said, emptyList<String>())
        same(nova.names("market").takeLast(2), listOf("hidden", "shown"))
        nova.world.pass(60_000)
        holds(!nova.screens.getValue("market").hidden, "it is covered in the foreground")
    }
    tests.test("a push message asks the stream, and a locked host does not ask") {
        val nova = Nova()
        nova.open("market")
        nova.host.background()
        nova.world.pass(30_000)
        nova.host.wake()
        same(nova.streams[0].said, listOf("pause", "check"))
        ready(nova, 60_000.0)
        holds(nova.screens.getValue("market").hidden, "it is uncovered while nobody looks")
        nova.host.lock("logout")
        nova.host.wake()
        same(nova.streams[0].said, listOf("pause", "check"))
    }
    tests.test("offline programs stay, and a call is refused by the app") {
        val nova = Nova()
        val market = nova.open("market")
        nova.call(market, nova.hello(market), "login")
        nova.calls.single().fail(Refusal(Refusal.UNAVAILABLE))
        same(nova.last("market")["error"], "temporarily_unavailable")
        holds(!nova.screens.getValue("market").hidden, "it is locked")
    }
    tests.test("back takes a step inside of the page, then the program, and shows the one below") {
        val nova = Nova()
        nova.open("market")
        val pay = nova.open("pay")
        nova.screens.getValue("pay").pages = 1
        holds(nova.host.back() && nova.host.inFront === pay, "the program is left before its pages")
        holds(nova.host.back(), "back does nothing")
        holds(nova.screens.getValue("market").front && !nova.screens.getValue("pay").front, "the one below is not shown")
        holds(nova.host.back() && nova.host.inFront == null, "the last one stays")
        holds(!nova.host.back(), "there is nothing left to take away")
        pay.show()
        holds(nova.screens.getValue("pay").front, "a program that was put away does not come back")
    }
    tests.test("a locked page is not moved by the back gesture") {
        val nova = Nova()
        nova.open("market")
        nova.screens.getValue("market").pages = 1
        nova.host.lock("logout")
        nova.host.back()
        same(nova.screens.getValue("market").pages, 1, "the pages to go back to")
    }
}

private fun sheetTests(tests: Tests) {
    val undecided = Refusal("consent_required", "ask", "https://id.example/interaction?sheet=secret", "i-1")
    tests.test("what is undecided raises the sheet, programs are inert meanwhile, and the app is asked once more") {
        val nova = Nova()
        val market = nova.open("market")
        nova.call(market, nova.hello(market), "request", params = mapOf("scope" to "phone"))
        nova.calls[0].fail(undecided)
        holds(nova.sheet != null && nova.screens.getValue("market").inert, "no sheet, or a program that can be touched under it")
        nova.sheet!!("allowed")
        holds(!nova.screens.getValue("market").inert, "the program stays inert")
        same(nova.calls[1].params, mapOf("scope" to "phone"))
        nova.calls[1].answer(mapOf("scope" to "openid phone"))
        same(nova.last("market")["result"], mapOf("scope" to "openid phone"))
        holds("secret" !in Json.write(nova.heard["market"]), "the address of the sheet reached the page")
    }
    tests.test("it is asked once only, and Not now is a refusal") {
        val nova = Nova()
        val market = nova.open("market")
        val welcome = nova.hello(market)
        nova.call(market, welcome, "request", 1)
        nova.calls[0].fail(undecided)
        nova.sheet!!("allowed")
        nova.calls[1].fail(undecided)
        same(nova.last("market")["error"], "consent_required")
        nova.call(market, welcome, "request", 2)
        nova.calls[2].fail(undecided)
        holds(nova.host.back(), "back does not close the sheet")
        same(nova.last("market")["error"], "access_denied")
        same(nova.sheet, null, "the sheet")
    }
    tests.test("nobody is asked for a program that is not in front") {
        val nova = Nova()
        val market = nova.open("market")
        val welcome = nova.hello(market)
        nova.open("pay")
        nova.call(market, welcome, "request")
        nova.calls[0].fail(undecided)
        same(nova.last("market")["error"], "interaction_required")
        same(nova.sheet, null, "the sheet")
    }
    tests.test("a second question does not cover the first one") {
        val nova = Nova()
        val market = nova.open("market")
        val welcome = nova.hello(market)
        nova.call(market, welcome, "request", 1)
        nova.call(market, welcome, "request", 2)
        nova.calls.toList().forEach { it.fail(undecided) }
        same(nova.last("market")["error"], "temporarily_unavailable")
        holds(nova.sheet != null, "the first sheet is gone")
    }
    tests.test("the end of the session takes the sheet away") {
        val nova = Nova()
        val market = nova.open("market")
        nova.call(market, nova.hello(market), "request")
        nova.calls[0].fail(undecided)
        nova.host.hear("session_ended", mapOf("reason" to "operator"))
        same(nova.sheet, null, "the sheet")
        same(nova.calls.size, 1, "how often the app is asked")
    }
}

private fun launchTests(tests: Tests) {
    tests.test("a view goes to its program's origins, and through Portico only with a ticket") {
        val plain = Launch("market", "$ORIGIN/open", listOf(ORIGIN))
        holds(plain.allows("$ORIGIN/a?b"), "its own page is not allowed")
        for (other in listOf("https://id.example/authorize", "https://market.example.evil.example/", "intent://x", "about:blank", "")) {
            holds(!plain.allows(other), "$other is allowed")
        }
        val ticket = WebTicket("https://id.example/web-ticket", "pt_1", "a~b c")
        holds(Launch("market", "$ORIGIN/open", listOf(ORIGIN), ticket = ticket).allows("https://id.example/authorize?x"), "Portico is not allowed")
        same(String(ticket.form), "ticket=pt_1&code_verifier=a%7Eb+c")
    }
    tests.test("where the frame that speaks is not known, nothing is asked in the page's name") {
        val nova = Nova(addressed = false)
        val market = nova.open("market")
        val welcome = nova.hello(market)
        same(welcome["methods"], listOf("login", "context"))
        for ((index, method) in listOf("request", "logout").withIndex()) {
            nova.call(market, welcome, method, index + 1)
            same(nova.last("market")["error"], "unsupported_method")
        }
        nova.call(market, welcome, "login", 3)
        same(nova.last("market")["error"], "invalid_request")
    }
    tests.test("the sid of an exchange stays here, and the next document is welcomed with it") {
        val nova = Nova()
        val market = nova.open("market", sid = null)
        val welcome = nova.hello(market)
        same(welcome["sid"], null)
        nova.call(market, welcome, "login")
        nova.calls.single().answer(mapOf("code" to "c", "sid" to "market-1"))
        same(nova.last("market")["result"], mapOf("code" to "c"))
        same(nova.hello(market, "another-document-of-market")["sid"], "market-1")
    }
    tests.test("a theme that changes reaches open programs, and path and parameters are those of the launch") {
        val nova = Nova()
        val market = nova.open("market", Entry("/orders", mapOf("id" to "7")))
        val welcome = nova.hello(market)
        val light = mapOf("theme" to mapOf("color_scheme" to "light"), "locale" to "en", "path" to "/orders", "params" to mapOf("id" to "7"), "from" to null)
        same(welcome["context"], light)
        nova.host.setContext(mapOf("color_scheme" to "dark"), "de")
        same(nova.last("market")["data"], light + mapOf("theme" to mapOf("color_scheme" to "dark"), "locale" to "de"))
        nova.call(market, welcome, "context")
        same(Json.asObject(nova.last("market")["result"])!!["locale"], "de")
        same(nova.calls.size, 0, "how often the app is asked for the context")
    }
    tests.test("a changed grant is told to its own program") {
        val nova = Nova()
        nova.hello(nova.open("market"))
        nova.hello(nova.open("pay"))
        nova.host.hear("grant_changed", mapOf("client_id" to "market", "scope" to "openid"))
        same(nova.last("market")["data"], mapOf("scope" to "openid"))
        holds("grant_changed" !in nova.names("pay"), "pay heard of the grant of market")
    }
    tests.test("what is no path, no origin, no address of the program is not opened") {
        for (path in listOf("", "open", "//evil.example", "/\\evil.example", "/a\\b", "/a\tb", "/\n", "https://evil.example")) {
            holds(runCatching { Entry(path) }.isFailure, "$path is taken for a path")
        }
        for (entry in listOf("http://market.example/", "https://market.example.evil.example/", "https://market.example@evil.example/", "file:///x", "javascript:1", "https://market.example:8443/", "HTTPS://MARKET.EXAMPLE/")) {
            holds(runCatching { Launch("market", entry, listOf(ORIGIN)) }.isFailure, "$entry is opened")
        }
        for (origin in listOf("https://*", "*", "https://market.example/", "http://market.example", "null")) {
            holds(runCatching { Launch("market", "$ORIGIN/open", listOf(ORIGIN, origin)) }.isFailure, "$origin is taken for an origin")
        }
        val link = Entry.ofLink("/orders/7?x=%C3%A9&y=1&&z#access_token=t")
        same(listOf(link.path, link.params), listOf("/orders/7", mapOf("x" to "é", "y" to "1", "z" to "")))
        same(Entry.ofLink("?a=b").path, "/")
        holds(runCatching { Entry.ofLink("//evil.example/") }.isFailure, "a link leads to another origin")
        same(originOf("https://market.example:443/open?x#y"), ORIGIN)
        same(originOf("http://127.0.0.1:8080/"), "http://127.0.0.1:8080")
    }
}
