// Follows the host's stream of session events: asks again after a cut, refreshes, resumes where it was.
// What follows from an event is the host's business.
package portico.host

import java.io.IOException
import java.io.InputStreamReader
import java.net.HttpURLConnection
import java.net.URL
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread
import kotlin.random.Random

/** How a refresh ended. */
enum class Refreshed { RENEWED, ENDED, UNAVAILABLE }

/** Who asks: the host's tokens. All of it is called on threads of their own. */
interface Credentials {
    /** `Authorization`, and `DPoP` where the token is bound to a key. */
    fun headers(method: String, uri: String): Map<String, String>

    /** An answer brought a `DPoP-Nonce`, for the next proof. */
    fun heardNonce(nonce: String)

    fun refresh(): Refreshed
}

class SessionStream(
    private val uri: String,
    private val credentials: Credentials,
    private val world: World,
    private val heard: (String, Map<String, Any?>) -> Unit,
) : HostStream {
    // What an earlier connection still says is not heard: to break off a blocking read is not the same on all phones.
    private val current = AtomicInteger()

    @Volatile
    private var endedWith = 0

    @Volatile
    private var lastId: String? = null

    @Volatile
    private var isFresh = false

    init {
        check()
    }

    override fun check() {
        val mine = current.incrementAndGet()
        thread(name = "portico-stream", isDaemon = true) { run(mine) }
    }

    override fun pause() {
        current.incrementAndGet()
    }

    override fun close() = pause()

    private fun isWanted(mine: Int) = mine == current.get() && mine != endedWith

    private fun run(mine: Int) {
        while (isWanted(mine)) {
            val pause = try {
                read(mine)
            } catch (_: IOException) {
                // It was cut, or the network is away: programs stay, and it is asked again.
                somePause()
            } catch (_: Refusal) {
                renew(mine)
            }
            if (pause > 0 && isWanted(mine)) Thread.sleep(pause)
        }
    }

    /** Reads one answer to its end, and says how long to wait before the next. */
    private fun read(mine: Int): Long {
        var answer = ask()
        if (answer.responseCode == 401 && "use_dpop_nonce" in answer.getHeaderField("WWW-Authenticate").orEmpty()) answer = ask()
        return when (answer.responseCode) {
            200 -> follow(mine, answer)
            401 -> renew(mine)
            else -> (answer.getHeaderField("Retry-After")?.toLongOrNull() ?: 5L).coerceIn(1, 60) * 1000
        }
    }

    private fun ask(): HttpURLConnection {
        val connection = URL(uri).openConnection() as HttpURLConnection
        connection.connectTimeout = SILENCE_MS
        // A comment comes every 15 s.
        connection.readTimeout = SILENCE_MS
        connection.instanceFollowRedirects = false
        connection.useCaches = false
        connection.setRequestProperty("Accept", "text/event-stream")
        lastId?.let { connection.setRequestProperty("Last-Event-ID", it) }
        credentials.headers("GET", uri).forEach(connection::setRequestProperty)
        connection.getHeaderField("DPoP-Nonce")?.let(credentials::heardNonce)
        return connection
    }

    private fun follow(mine: Int, answer: HttpURLConnection): Long {
        isFresh = false
        val events = EventReader()
        val piece = CharArray(4096)
        try {
            InputStreamReader(answer.inputStream, Charsets.UTF_8).use { body ->
                while (isWanted(mine)) {
                    val length = body.read(piece)
                    if (length < 0) break
                    for (event in events.read(String(piece, 0, length))) {
                        if (!isWanted(mine)) return 0
                        if (event.name == "token_expired") return renew(mine)
                        if (pass(mine, event)) return 0
                    }
                }
            }
        } finally {
            answer.disconnect()
        }
        return events.retryMs?.coerceAtMost(MAX_PAUSE_MS) ?: somePause()
    }

    /** Says it, and whether it was the end of everything. */
    private fun pass(mine: Int, event: StreamEvent): Boolean {
        if (event.id != null) lastId = event.id
        val name = event.name ?: return false
        val data = Json.parseObject(event.data ?: "{}") ?: return false
        say(mine, name, data)
        return (name in ENDS && "client_id" !in data).also { if (it) endedWith = mine }
    }

    private fun renew(mine: Int): Long =
        when (credentials.refresh()) {
            // A fresh token that is not taken either is not asked for over and over.
            Refreshed.RENEWED -> (if (isFresh) somePause() else 0).also { isFresh = true }
            Refreshed.UNAVAILABLE -> somePause()
            Refreshed.ENDED -> {
                // "invalid_grant": it has ended, and nobody says more of it.
                say(mine, "session_ended", mapOf("reason" to "logout"))
                endedWith = mine
                0
            }
        }

    // Not the same for all, who were cut off together.
    private fun somePause() = Random.nextLong(1_000, MAX_PAUSE_MS)

    private fun say(mine: Int, name: String, data: Map<String, Any?>) {
        // Whether it is still asked for is judged where it is heard, not where it was read.
        world.onMain { if (mine == current.get()) heard(name, data) }
    }

    private companion object {
        const val SILENCE_MS = 20_000
        const val MAX_PAUSE_MS = 5_000L
        val ENDS = listOf("session_expired", "session_ended", "user_changed")
    }
}
