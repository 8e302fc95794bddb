// The tests of the core, without a phone: one line for each that fails, and the count.
package portico.host

import java.io.File
import kotlin.system.exitProcess

private class Failure(message: String) : Exception(message)

fun same(is_: Any?, should: Any?, what: String = "it") {
    if (is_ != should) throw Failure("$what is ${Json.write(shown(is_))} and should be ${Json.write(shown(should))}")
}

private fun shown(value: Any?): Any? = if (value is Map<*, *> || value is List<*> || value is Number || value is Boolean?) value else "$value"

fun holds(yes: Boolean, what: String) {
    if (!yes) throw Failure(what)
}

class Tests(private val only: String) {
    private var passed = 0
    private var failed = 0

    fun test(name: String, body: () -> Unit) {
        if (only !in name) return
        try {
            body()
            passed += 1
        } catch (failure: Throwable) {
            failed += 1
            println("not ok: $name")
            println(if (failure is Failure) "  ${failure.message}" else failure.stackTraceToString())
        }
    }

    fun end(): Nothing {
        println("$passed passed, $failed failed")
        exitProcess(if (failed == 0 && passed > 0) 0 else 1)
    }
}

/** Time that goes on when the test says so. */
class TestWorld(private val nonces: (Int) -> String = { "nonce-of-the-test-%06d".format(it) }) : World {
    private class Timer(val at: Long, val action: () -> Unit)

    private val timers = ArrayList<Timer>()
    private var time = 1_000_000L
    private var drawn = 0

    override fun now() = time

    override fun later(ms: Long, action: () -> Unit): () -> Unit {
        val timer = Timer(time + ms, action)
        timers.add(timer)
        return { timers.remove(timer) }
    }

    override fun onMain(action: () -> Unit) = action()

    override fun nonce() = nonces(++drawn)

    fun pass(ms: Long) {
        val until = time + ms
        while (true) {
            val next = timers.filter { it.at <= until }.minByOrNull { it.at } ?: break
            timers.remove(next)
            time = maxOf(time, next.at)
            next.action()
        }
        time = until
    }

    /** The phone sleeps: time passes and no timer runs. */
    fun sleep(ms: Long) {
        time += ms
    }
}

fun main(arguments: Array<String>) {
    val tests = Tests(arguments.getOrElse(1) { "" })
    vectors(tests, File(arguments[0]))
    hostTests(tests)
    networkTests(tests)
    tests.end()
}
