// The core is held to sdk/vectors: every message and every story of the host side.
package portico.host

import java.io.File

fun vectors(tests: Tests, folder: File) {
    val messages = read(File(folder, "messages.json"))
    for (vector in list(messages["from_page"])) {
        tests.test("a message of a page: ${vector["name"]}") {
            same(Message.parse(vector["text"] as String) != null, vector["valid"], "whether it is a message")
        }
    }
    val host = read(File(folder, "host.json"))
    val values = Json.asObject(host["values"])!!
    for (vector in list(host["vectors"])) {
        tests.test("host: ${vector["name"]}") { Story(Json.asObject(vector["program"])!!, Json.asObject(host["sender"])!!, values).play(list(vector["steps"])) }
    }
    tests.test("host: a call that takes too long is given up and says so") { late(values["\$page1"] as String) }
    tests.test("nonces are drawn anew, 144 bits each") {
        val world = object : World by TestWorld() {
            override fun nonce() = super<World>.nonce()
        }
        val drawn = List(100) { world.nonce() }
        same(drawn.toSet().size, 100)
        holds(drawn.all { Regex("[A-Za-z0-9_-]{24}").matches(it) }, "$drawn")
    }
}

private fun list(value: Any?): List<Map<String, Any?>> = (value as List<*>).map { Json.asObject(it)!! }

private fun read(file: File): Map<String, Any?> {
    val whole = Json.parseObject(file.readText()) ?: error("no JSON: $file")
    return Json.asObject(fill(whole, Json.asObject(whole["values"]).orEmpty()))!!
}

/** Puts the values into their places, and long texts where they are meant. */
private fun fill(value: Any?, values: Map<String, Any?>): Any? =
    when (value) {
        is String -> values[value] ?: value
        is List<*> -> value.map { fill(it, values) }
        is Map<*, *> -> {
            val repeat = value["\$repeat"] as? List<*>
            if (repeat == null) {
                value.mapValues { (name, item) -> if (name == "values") item else fill(item, values) }
            } else {
                val times = (repeat[1] as Double).toInt()
                "${value["before"] ?: ""}${(repeat[0] as String).repeat(times)}${value["after"] ?: ""}"
            }
        }
        else -> value
    }

/** A binding, what it sent and whom it called. */
private class Story(program: Map<String, Any?>, private val right: Map<String, Any?>, values: Map<String, Any?>) {
    private val sent = ArrayList<Any?>()
    private val called = ArrayList<Call>()
    private val running = ArrayList<Call>()

    @Suppress("UNCHECKED_CAST")
    private val binding = Binding(
        program["client_id"] as String,
        program["origins"] as List<String>,
        program["methods"] as List<String>,
        program["sid"] as String?,
        program["locked"] as Boolean,
        Json.asObject(program["context"])!!,
        program["addressed"] as Boolean,
        TestWorld { values["\$host$it"] as String },
    ) { call ->
        called.add(call)
        running.add(call)
    }

    fun play(steps: List<Map<String, Any?>>) {
        steps.forEach(::takes)
        isQuiet()
    }

    private fun takes(step: Map<String, Any?>) {
        when {
            "sent" in step -> same(sent.removeFirstOrNull(), step["sent"], "what is sent")
            "called" in step -> {
                val call = called.removeFirstOrNull()
                same(mapOf("method" to call?.method, "params" to call?.params), step["called"], "what is called")
            }
            "aborted" in step -> holds(running[(step["aborted"] as Double).toInt() - 1].isAborted, "the call goes on")
            "answer" in step -> answers(Json.asObject(step["answer"])!!)
            else -> {
                isQuiet()
                acts(step)
            }
        }
    }

    private fun acts(step: Map<String, Any?>) {
        when (step["do"]) {
            null -> {
                val from = Json.asObject(step["sender"]) ?: right
                val sender = Sender(from["instance"] as Boolean, from["main_frame"] as Boolean, from["origin"] as String) { sent.add(Json.parse(it)) }
                binding.receive(sender, Json.write(step["receive"]))
            }
            "lock" -> binding.lock(step["reason"] as String)
            "unlock" -> binding.unlock(step["sid"] as String?)
            "context" -> binding.context(Json.asObject(step["context"])!!)
            "event" -> binding.event(step["name"] as String, Json.asObject(step["data"])!!)
            else -> error("what is $step?")
        }
    }

    private fun answers(how: Map<String, Any?>) {
        val call = running.removeFirst()
        val result = Json.asObject(how["result"])
        when {
            result != null -> call.answer(result)
            "thrown" in how -> call.fail(IllegalStateException(how["thrown"] as String))
            else -> call.fail(Refusal(how["error"] as String, how["error_description"] as String?, how["interaction_uri"] as String?))
        }
    }

    private fun isQuiet() {
        same(sent, emptyList<Any>(), "what is sent that no step named")
        same(called.map { it.method }, emptyList<Any>(), "what is called that no step named")
    }
}

private fun late(page: String) {
    val world = TestWorld()
    val sent = ArrayList<Map<String, Any?>>()
    var last: Call? = null
    val binding = Binding("market", listOf("https://market.example"), listOf("login"), null, false, emptyMap(), true, world) { last = it }
    val receive = { members: Map<String, Any?> ->
        val text = Json.write(mapOf("portico" to 1, "page_nonce" to page) + members)
        binding.receive(Sender(true, true, "https://market.example") { sent.add(Json.parseObject(it)!!) }, text)
    }
    receive(mapOf("type" to "hello", "client_id" to "market"))
    val call = mapOf("type" to "call", "host_nonce" to sent.removeFirst()["host_nonce"], "method" to "login")
    receive(call + mapOf("id" to 1, "timeout_ms" to 2000))
    world.pass(1999)
    same(sent.size, 0, "what is said before the time is up")
    world.pass(1)
    same(sent.removeFirst()["error"], "temporarily_unavailable")
    holds(last!!.isAborted, "the call goes on")
    receive(call + mapOf("id" to 2, "timeout_ms" to 1e15))
    world.pass(300_000)
    same(sent.removeFirst()["error"], "temporarily_unavailable", "a page cannot wait for longer than five minutes: it")
}
