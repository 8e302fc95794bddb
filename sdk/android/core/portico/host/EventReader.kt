// Reads a text/event-stream (HTML, §9.2.6 "Interpreting an event stream"), piece by piece.
package portico.host

import java.io.IOException

/** What a stream said: an event, a new position, a pause; or nothing but that it is alive. */
class StreamEvent(val name: String?, val data: String?, val id: String?)

class EventReader {
    private val line = StringBuilder()
    private var afterReturn = false
    private var name: String? = null
    private var data: String? = null
    private var id: String? = null

    /** How long the server asks to wait before the next connection. */
    var retryMs: Long? = null
        private set

    /** @throws IOException if a line or an event is longer than anything that Portico says */
    fun read(text: CharSequence): List<StreamEvent> {
        val events = ArrayList<StreamEvent>()
        for (char in text) {
            val ends = char == '\r' || (char == '\n' && !afterReturn)
            if (ends) {
                take(line.toString())?.let(events::add)
                line.setLength(0)
            } else if (char != '\n') {
                line.append(char)
            }
            if (line.length > MAX || (data?.length ?: 0) > MAX) throw IOException("too long for an event")
            afterReturn = char == '\r'
        }
        return events
    }

    private fun take(line: String): StreamEvent? {
        if (line.isEmpty()) {
            val event = if (data == null && id == null) null else StreamEvent(name, data, id)
            name = null
            data = null
            id = null
            return event
        }
        val colon = line.indexOf(':')
        val value = if (colon < 0) "" else line.substring(colon + 1).removePrefix(" ")
        when (if (colon < 0) line else line.substring(0, colon)) {
            "event" -> name = value
            "id" -> id = value
            "data" -> data = data?.let { "$it\n$value" } ?: value
            "retry" -> if (value.length in 1..9 && value.all { it in '0'..'9' }) retryMs = value.toLong()
        }
        return null
    }

    private companion object {
        const val MAX = 65536
    }
}
