// What one WebView of one program may say and hears: the judging part of the bridge, without Flutter.
//
// The right to call is the instance's, the client's, the sender's origin's and the main frame's together,
// for each message. docs/bridge.md says what the messages mean; sdk/vectors is what this is held to, and
// `bind` in static/bridge/host.js the same in JavaScript.

import 'dart:async';
import 'dart:convert';
import 'dart:math';

import 'message.dart';

const _maxTime = Duration(minutes: 5);
const _maxCalls = 32;
const _maxDocuments = 256;
const _unavailable = 'temporarily_unavailable';
const _alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
final _errorCode = RegExp(r'^[\x21\x23-\x5b\x5d-\x7e]{1,64}$');

/// Who sent a text: all three must be right, for each message.
final class Sender {
  const Sender({required this.instance, required this.mainFrame, required this.origin});

  final bool instance;
  final bool mainFrame;
  final String origin;
}

/// Throw this to refuse a call: the page sees [error] and [description], and nothing else.
class Refusal implements Exception {
  const Refusal(this.error, {this.description, this.interaction, this.interactionUri});

  /// One of OAuth's strings.
  final String error;
  final String? description;

  /// The id of the consent sheet, where [error] is `consent_required`.
  final String? interaction;

  /// The address of the sheet. It never reaches the program.
  final Uri? interactionUri;

  @override
  String toString() => description == null ? error : '$error: $description';
}

/// Tells the host's app that nobody waits for an answer any more.
final class Stop {
  final _stopped = Completer<void>();

  bool get isStopped => _stopped.isCompleted;

  /// Completes when nobody waits any more.
  Future<void> get stopped => _stopped.future;

  void _stop() {
    if (!isStopped) _stopped.complete();
  }
}

/// Answers a program's call. What it throws besides a [Refusal] reaches the page as `server_error`.
typedef CallHandler = FutureOr<Object?> Function(String method, Map<String, Object?> params, Stop stop);

/// A nonce of 144 bits.
String drawNonce([Random? random]) {
  final from = random ?? Random.secure();
  return String.fromCharCodes([for (var i = 0; i < 24; i += 1) _alphabet.codeUnitAt(from.nextInt(64))]);
}

/// A call, not its number: the next document counts from 1 again.
final class _Running {
  _Running(this.id, this.answer);

  final int id;
  final void Function(Map<String, Object?> how) answer;
  final stop = Stop();
  Timer? timer;
}

/// Judges what one instance of one program says.
final class Binding {
  Binding({
    required this.clientId,
    required Iterable<String> origins,
    required Iterable<String> methods,
    required CallHandler call,
    required void Function(String text) send,
    String? sid,
    bool locked = false,
    Map<String, Object?> context = const {},
    bool addressed = true,
    String Function() nonce = drawNonce,
  })  : _origins = Set.unmodifiable(origins),
        _methods = List.unmodifiable(methods),
        _call = call,
        _send = send,
        _sid = sid,
        _locked = locked,
        _context = context,
        _addressed = addressed,
        _nonce = nonce;

  final String clientId;
  final Set<String> _origins;
  final List<String> _methods;
  final CallHandler _call;
  final void Function(String text) _send;

  /// Whether an answer reaches the document that asked and no other.
  final bool _addressed;
  final String Function() _nonce;
  String? _sid;
  bool _locked;
  Map<String, Object?> _context;

  // A set of Dart keeps the order in which it was filled.
  final _seen = <String>{};
  final _pending = <_Running>{};
  String? _pageNonce;
  String? _hostNonce;
  int _lastId = 0;

  /// Judges a text that [sender] sent.
  void receive(Sender sender, String text) {
    if (!sender.instance || !sender.mainFrame) return;
    final message = parse(text);
    if (message == null) return;
    final refused = !_origins.contains(sender.origin);
    switch (message) {
      case Hello():
        _hello(message, refused);
      case BoundMessage(:final pageNonce, :final hostNonce):
        if (refused || pageNonce != _pageNonce || hostNonce != _hostNonce) return;
        switch (message) {
          case Cancel(:final id):
            _endAll((running) => running.id == id);
          case Call(:final id):
            if (id <= _lastId) return;
            _lastId = id;
            _run(message);
        }
    }
  }

  /// Forgets the document: whoever comes next in this instance gets nothing that it asked for.
  void retire() {
    _endAll((_) => true);
    _pageNonce = null;
  }

  void event(String name, [Map<String, Object?> data = const {}]) =>
      _tell({'type': 'event', 'name': name, 'data': data});

  /// Which stay the exchange said it is: the next document is welcomed to it.
  void at(String sid) => _sid = sid;

  void lock(String reason) {
    if (_locked) return;
    _locked = true;
    _endAll((_) => true, {'error': 'locked'});
    event('session_expired', {'reason': reason});
  }

  /// The same person is signed in again, with what the program's `sid` is now.
  void unlock(String? sid) {
    _sid = sid;
    _locked = false;
    _welcome();
    event('unlocked');
  }

  void setContext(Map<String, Object?> context) {
    _context = context;
    event('context_changed', context);
  }

  void _say(Map<String, Object?> message) => _send(jsonEncode({'portico': 1, ...message}));

  void _tell(Map<String, Object?> message) {
    if (_pageNonce == null) return;
    _say({'page_nonce': _pageNonce, 'host_nonce': _hostNonce, ...message});
  }

  void _welcome() {
    _hostNonce = _nonce();
    _tell({
      'type': 'welcome',
      'client_id': clientId,
      'sid': _sid,
      'methods': _methods,
      'locked': _locked,
      'context': _context,
    });
  }

  void _hello(Hello message, bool refused) {
    // The document is another one, wherever it came from: what the former one asked for is void.
    if (refused) retire();
    if (refused || message.clientId != clientId) {
      return _say({'type': 'refused', 'page_nonce': message.pageNonce, 'error': 'origin_not_allowed'});
    }
    if (!_seen.add(message.pageNonce)) return;
    if (_seen.length > _maxDocuments) _seen.remove(_seen.first);
    retire();
    _pageNonce = message.pageNonce;
    _lastId = 0;
    _welcome();
  }

  String? _refusal(String method, Map<String, Object?> params) {
    if (_locked) return 'locked';
    if (!_methods.contains(method)) return 'unsupported_method';
    // What answers cannot be addressed to the document that asked must be useless to any other.
    if (!_addressed && method == 'token' && !_isThere(params['dpop_jkt'])) return 'unsupported_method';
    if (!_addressed && method == 'login' && !_isThere(params['code_challenge'])) return 'invalid_request';
    return _pending.length < _maxCalls ? null : _unavailable;
  }

  static bool _isThere(Object? value) => value is String && value.isNotEmpty;

  void _run(Call message) {
    final Call(:id, :method, :params, :timeoutMs) = message;
    final from = {'page_nonce': _pageNonce, 'host_nonce': _hostNonce};
    void answer(Map<String, Object?> how) => _say({'type': 'result', ...from, 'id': id, ...how});
    final error = _refusal(method, params);
    if (error != null) return answer({'error': error});
    final running = _Running(id, answer);
    _pending.add(running);
    // Compared as numbers: a duration cannot hold every number that JavaScript can count to.
    final wait = min(timeoutMs ?? _maxTime.inMilliseconds, _maxTime.inMilliseconds);
    running.timer = Timer(Duration(milliseconds: wait), () => _end(running, {'error': _unavailable}));
    Future.sync(() => _call(method, params, running.stop)).then(
      (value) => _end(running, _result(value)),
      onError: (Object thrown) => _end(running, _thrown(thrown)),
    );
  }

  Map<String, Object?> _result(Object? value) {
    final result = value is Map<String, Object?> ? value : const <String, Object?>{};
    try {
      // What stands around it is shorter than a kilobyte.
      if (fits(jsonEncode(result) + ' ' * 1000)) return {'result': result};
    } on JsonUnsupportedObjectError {
      // The app answered with what no message can carry.
    }
    return {'error': 'server_error'};
  }

  Map<String, Object?> _thrown(Object thrown) {
    if (thrown is! Refusal || !_errorCode.hasMatch(thrown.error)) return {'error': 'server_error'};
    final said = thrown.description;
    if (said == null) return {'error': thrown.error};
    return {'error': thrown.error, 'error_description': said.substring(0, min(said.length, 500))};
  }

  void _end(_Running running, [Map<String, Object?>? answer]) {
    if (!_pending.remove(running)) return;
    running.timer?.cancel();
    running.stop._stop();
    if (answer != null) running.answer(answer);
  }

  void _endAll(bool Function(_Running) which, [Map<String, Object?>? answer]) {
    for (final running in _pending.where(which).toList()) {
      _end(running, answer);
    }
  }
}
