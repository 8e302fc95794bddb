// A person's programs: the lock, the cover, the time, the sheet, the way back. What host.js is to a web page;
// one for each account that is signed in, with its own key and its own stream.
//
// It is used on the main thread alone, and knows no view: those are behind `Stage` and `Screen`.
package portico.host

/** What the app does for its programs. */
interface HostApp {
    /**
     * Answers a call of a program: an exchange for `login`, `token` and `request`, the end of the session for
     * `logout`. The `sid` of an exchange is put into the answer of `login`; it stays here.
     */
    fun call(program: Program, call: Call)

    /** Hears each event of the stream, after it took effect. */
    fun heard(name: String, data: Map<String, Any?>) {}
}

/** Where programs and the sheet are drawn; Android's is `HostView`. */
interface Stage {
    /** Whether it is known which frame speaks, and a reply reaches its document and no other. */
    val isAddressed: Boolean

    fun screen(program: Program): Screen

    /** Shows the consent sheet over everything; what comes back takes it away. `done` is called at most once. */
    fun sheet(uri: String, interaction: String?, done: (String) -> Unit): () -> Unit

    /** Removes what the programs of this account have stored on the phone. */
    fun forget(account: String)
}

/** The stream of session events, as a host steers it; `SessionStream` reads Portico's. */
interface HostStream {
    /** Asks for a fresh `ready`, after the phone may have slept. */
    fun check()

    /** Stops until `check`. */
    fun pause()

    fun close()
}

class Host(
    val account: String,
    internal val app: HostApp,
    private val stage: Stage,
    internal val world: World,
    theme: Map<String, Any?>,
    locale: String,
    private val follow: (heard: (String, Map<String, Any?>) -> Unit) -> HostStream,
) {
    private class Sheet(val done: (String) -> Unit) {
        var takeAway: () -> Unit = {}
    }

    private val layers = ArrayList<Program>()
    private val open = ArrayList<Program>()
    private var locked: String? = null
    private var sheet: Sheet? = null
    private var expiresAt: Long? = null
    private var stopExpiry: () -> Unit = {}
    private var awaySince: Long? = null
    private var stopAway: () -> Unit = {}

    internal var context: Map<String, Any?> = mapOf("theme" to theme, "locale" to locale)
        private set
    private var stream = follow(::hear)
    val inFront: Program? get() = layers.lastOrNull()
    val programs: List<Program> get() = open.toList()
    val isSheetUp: Boolean get() = sheet != null

    /**
     * Opens a program in a view of its own, which is never used for another one.
     *
     * @throws Refusal `locked` after the end of the session
     */
    fun open(launch: Launch): Program {
        tick()
        if (locked != null) throw Refusal("locked")
        val program = Program(launch, this, stage.isAddressed)
        program.appear(stage.screen(program))
        open.add(program)
        show(program)
        return program
    }

    internal fun show(program: Program) {
        if (inFront === program || program !in open) return
        inFront?.bringForward(false)
        layers.remove(program)
        layers.add(program)
        program.bringForward(true)
    }

    /** Puts the program in front out of sight; it goes on, and `show` brings it back. */
    fun hide() {
        val program = inFront ?: return
        layers.remove(program)
        program.bringForward(false)
        inFront?.bringForward(true)
    }

    internal fun close(program: Program) {
        if (program === inFront) hide() else layers.remove(program)
        if (open.remove(program)) program.end()
    }

    /** The back gesture: the sheet, a step inside of the page, the program. False where nothing is left to take away. */
    fun back(): Boolean {
        val sheet = sheet
        val program = inFront
        when {
            sheet != null -> endSheet(sheet, "later")
            program == null -> return false
            !program.goBack() -> hide()
        }
        return true
    }

    /** Theme and language, which open programs hear of. */
    fun setContext(theme: Map<String, Any?>, locale: String) {
        context = mapOf("theme" to theme, "locale" to locale)
        open.forEach { it.contextChanged() }
    }

    /** Locks all programs, or the one of that client. */
    fun lock(reason: String, clientId: String? = null) {
        if (clientId == null) {
            locked = locked ?: reason
            stopExpiry()
        }
        if (clientId == null || inFront?.clientId == clientId) sheet?.let { endSheet(it, "ended") }
        open.filter { clientId == null || it.clientId == clientId }.forEach { it.lock(reason) }
    }

    /** The same person is signed in again: a program goes on where `sids` has its new `sid`, others close. */
    fun signedIn(sids: Map<String, String>) {
        locked = null
        expiresAt = null
        for (program in programs) sids[program.clientId]?.let(program::unlock) ?: close(program)
        stream.close()
        stream = follow(::hear)
    }

    /** The account leaves this phone, or another person is here: nothing of it stays, not even under a cover. */
    fun end() {
        lock("logout")
        stream.close()
        stopAway()
        programs.forEach(::close)
        stage.forget(account)
    }

    /** The app is not seen any more. */
    fun background() {
        if (awaySince != null) return
        awaySince = world.now()
        inFront?.event("hidden")
        // Where the phone sleeps this is late, and `foreground` does it.
        stopAway = world.later(AWAY_MS) { rest() }
    }

    /** The app is seen again. After 30 seconds programs are covered until the stream says `ready`, or that it has ended. */
    fun foreground() {
        val since = awaySince ?: return
        awaySince = null
        stopAway()
        tick()
        inFront?.event("shown")
        if (world.now() - since < AWAY_MS || locked != null) return
        cover(true)
        stream.check()
    }

    /** A push message said that something happened: asks what. */
    fun wake() {
        if (locked == null) stream.check()
    }

    /** Locks by the clock of this phone, also without a network and after it slept. */
    fun tick() {
        val at = expiresAt ?: return
        if (locked == null && world.now() >= at) lock("expired")
    }

    /** An event of the stream, or what stands for one: that a refresh was refused. */
    fun hear(name: String, data: Map<String, Any?>) {
        val clientId = data["client_id"] as? String
        when (name) {
            in ENDS -> {
                lock(data["reason"] as? String ?: if (name == "user_changed") name else "expired", clientId)
                if (name == "user_changed") end()
            }
            "mini_program_suspended" -> if (clientId != null) lock("suspended", clientId)
            "ready" -> ready(data)
            "grant_changed" ->
                open.filter { it.clientId == clientId }.forEach { it.event(name, data - "client_id") }
        }
        app.heard(name, data)
    }

    /** Shows the consent sheet, unless there is one. */
    internal fun sheet(uri: String, interaction: String?, done: (String) -> Unit): Boolean {
        if (sheet != null) return false
        val mine = Sheet(done)
        sheet = mine
        paint()
        val takeAway = stage.sheet(uri, interaction) { endSheet(mine, it) }
        if (sheet === mine) mine.takeAway = takeAway else takeAway()
        return true
    }

    private fun endSheet(which: Sheet, result: String) {
        if (sheet !== which) return
        sheet = null
        which.takeAway()
        paint()
        which.done(result)
    }

    private fun ready(data: Map<String, Any?>) {
        if (locked != null) return
        val at = data["session_expires_at"] as? Double
        val now = data["at"] as? Double
        if (at != null && now != null) expires((at - now).toLong())
        // Nobody looks while it is away, and whether it may be seen is asked again when somebody does.
        if (locked == null && awaySince == null) cover(false)
    }

    /** The difference of two times of the server is true whatever this phone's calendar says. */
    private fun expires(left: Long) {
        stopExpiry()
        expiresAt = world.now() + left
        tick()
        if (locked == null) stopExpiry = world.later(left) { tick() }
    }

    private fun rest() {
        if (awaySince == null || locked != null) return
        cover(true)
        stream.pause()
    }

    private fun cover(yes: Boolean) {
        open.forEach {
            it.isCovered = yes
            it.paint()
        }
    }

    private fun paint() = open.forEach(Program::paint)

    private companion object {
        const val AWAY_MS = 30_000L

        // One that names a program ends that alone.
        val ENDS = listOf("session_expired", "session_ended", "user_changed")
    }
}
