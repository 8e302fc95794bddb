// Time and the main thread of an Android phone.
package portico.host

import android.os.Handler
import android.os.Looper
import android.os.SystemClock

object AndroidWorld : World {
    private val main = Handler(Looper.getMainLooper())

    // Not `uptimeMillis`, which stands still while the phone sleeps, as the handler's own timers do.
    override fun now(): Long = SystemClock.elapsedRealtime()

    override fun later(ms: Long, action: () -> Unit): () -> Unit {
        val task = Runnable { action() }
        main.postDelayed(task, ms)
        return { main.removeCallbacks(task) }
    }

    override fun onMain(action: () -> Unit) {
        if (Looper.myLooper() == Looper.getMainLooper()) action() else main.post { action() }
    }
}
