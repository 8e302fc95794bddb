// One open program: its instances, one after the other, and how it is to be drawn.

import 'dart:async';

import 'address.dart';
import 'binding.dart';
import 'instance.dart';

// Long enough for a page to hear that it is over, before its WebView goes.
const _lastWords = Duration(seconds: 1);
// A document of another origin was there, although nobody let it.
const _strayed = 'origin_not_allowed';

/// A program, as `mini_programs_endpoint` or an exchange described it, and where in it to begin.
final class Launch {
  const Launch({
    required this.clientId,
    required this.entryUri,
    required this.origins,
    this.clientName = '',
    this.sid,
    this.path = '/',
    this.params = const {},
    this.from,
    this.methods = const ['login', 'request', 'context', 'logout'],
    this.ticket,
  });

  final String clientId;
  final String clientName;
  final String entryUri;
  final List<String> origins;

  /// From its last launch in this session; null where there was none, and its page begins anew.
  final String? sid;
  final String path;
  final Map<String, Object?> params;

  /// The program that opened this one, as the host knows it. Nobody, where a link did.
  final String? from;

  /// With `token` for programs without a backend.
  final List<String> methods;

  /// For a program that knows only redirects: it signs in silently by the first load of its WebView.
  final WebTicket? ticket;
}

/// A web ticket of an exchange, with the host's own verifier, and where it is handed in (`web_ticket_endpoint`).
final class WebTicket {
  const WebTicket({required this.endpoint, required this.ticket, required this.codeVerifier});

  final String endpoint;
  final String ticket;
  final String codeVerifier;

  /// What is posted.
  String get form =>
      'ticket=${Uri.encodeQueryComponent(ticket)}&code_verifier=${Uri.encodeQueryComponent(codeVerifier)}';
}

/// Answers a call of a program.
typedef ProgramCall = FutureOr<Object?> Function(
    Program program, String method, Map<String, Object?> params, Stop stop);

/// An open program.
final class Program {
  Program({
    required this.launch,
    required Map<String, Object?> looks,
    required ProgramCall call,
    required void Function(String address) openOutside,
    required void Function() changed,
  })  : _looks = looks,
        _call = call,
        _openOutside = openOutside,
        _changed = changed,
        _sid = launch.sid {
    final origin = originOf(launch.entryUri);
    final wrong = launch.origins.any((known) => originOf(known) != known);
    final ticket = launch.ticket;
    if (wrong || !launch.origins.contains(origin) || !isPath(launch.path)) {
      throw ArgumentError('entryUri, origins and path do not fit');
    }
    if (ticket != null && originOf(ticket.endpoint) == null) throw ArgumentError('the ticket has no address');
    _begin();
    this.ticket = ticket;
  }

  final Launch launch;
  final ProgramCall _call;
  final void Function(String address) _openOutside;
  final void Function() _changed;
  Map<String, Object?> _looks;
  String? _sid;
  Timer? _ending;

  /// The instance that is alive, if any; a WebView is drawn for it.
  Instance? instance;

  /// What the WebView that is drawn hands in by its first load.
  WebTicket? ticket;

  /// Why it is locked, or null.
  String? reason;

  /// Nobody knows yet whether the session goes on.
  bool covered = false;
  bool inFront = false;

  /// Its WebView can go back within the program.
  bool canGoBack = false;

  /// Its page could not be loaded; [restart] tries again.
  bool unreachable = false;

  /// Nothing of it is to be seen.
  bool get hidden => reason != null || covered || unreachable;

  /// Another WebView, which knows nothing of the one before.
  void _begin() {
    _ending?.cancel();
    instance?.end();
    canGoBack = false;
    unreachable = false;
    reason = null;
    // A ticket works once.
    ticket = null;
    instance = Instance(
      clientId: launch.clientId,
      origins: launch.origins,
      methods: launch.methods,
      sid: _sid,
      context: _context,
      through: originOf(launch.ticket?.endpoint),
      call: (method, params, stop) => method == 'context' ? _context : _call(this, method, params, stop),
      strayed: () => lock(_strayed),
      openOutside: _openOutside,
    );
  }

  Map<String, Object?> get _context =>
      {..._looks, 'path': launch.path, 'params': launch.params, 'from': launch.from};

  /// Which stay the exchange said it is.
  void at(String sid) {
    _sid = sid;
    instance?.at(sid);
  }

  void event(String name, [Map<String, Object?> data = const {}]) => instance?.event(name, data);

  void setLooks(Map<String, Object?> looks) {
    _looks = looks;
    instance?.setContext(_context);
  }

  /// The stay is over: it is drawn so at once, and its WebView is gone a moment later.
  void lock(String why) {
    if (reason != null) return;
    reason = why;
    instance?.lock(why);
    _ending = Timer(_lastWords, () {
      instance = null;
      _changed();
    });
    _changed();
  }

  /// The page could not be loaded.
  void fail() {
    unreachable = true;
    _changed();
  }

  /// A new stay begins, in a WebView of its own.
  void reopen(String? sid) {
    _sid = sid;
    covered = false;
    _begin();
    _changed();
  }

  /// The same stay in another WebView: its page had strayed, or its process is gone.
  void restart() {
    if (reason != null && reason != _strayed) return;
    _begin();
    _changed();
  }

  void end() {
    _ending?.cancel();
    instance?.end();
    instance = null;
  }
}
