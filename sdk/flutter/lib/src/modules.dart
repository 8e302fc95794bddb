// Mini-programs that are Flutter modules: `MethodChannel('super_app/mini_program_bridge')`.
//
// Each module runs in a FlutterEngine of its own. The app's native side stands between: it starts the engine
// for `launch`, passes messages on, and says which engine a message is from. README.md tells how. Two modules in
// one engine could read each other's memory; nothing here could keep them apart.

import 'dart:async';

import 'package:flutter/services.dart';

import 'binding.dart';
import 'host.dart';

/// The channel of both sides.
const miniProgramChannel = 'super_app/mini_program_bridge';
const _ends = {'session_expired', 'session_ended', 'user_changed'};

/// A launch token of a program, of the exchange that a host made for it.
final class LaunchToken {
  const LaunchToken({required this.token, required this.expiresIn, required this.sid});

  final String token;
  final Duration expiresIn;
  final String sid;

  Map<String, Object?> toMessage() => {'token': token, 'expiresIn': expiresIn.inSeconds, 'sid': sid};
}

/// The super app's side: launches modules, and tells them all of the end.
final class ModuleHost {
  /// [exchange] asks for a launch token of a program, by the app's backend or by itself. It throws a [Refusal].
  ModuleHost({
    required Future<LaunchToken> Function(String miniProgramId) exchange,
    MethodChannel channel = const MethodChannel(miniProgramChannel),
  })  : _exchange = exchange,
        _channel = channel {
    _channel.setMethodCallHandler(_answer);
  }

  final Future<LaunchToken> Function(String miniProgramId) _exchange;
  final MethodChannel _channel;
  bool _locked = false;

  /// Launches a module with a token of its own, never with the host's.
  Future<void> launch(
    String miniProgramId, {
    required Map<String, Object?> theme,
    required String locale,
    String path = '/',
    Map<String, Object?> params = const {},
    String? from,
  }) async {
    if (_locked) throw const Refusal('locked');
    final token = await _exchange(miniProgramId);
    // The session may have ended while the token was on its way.
    if (_locked) throw const Refusal('locked');
    await _channel.invokeMethod<void>('launch', {
      'miniProgramId': miniProgramId,
      ...token.toMessage(),
      'theme': theme,
      'locale': locale,
      'path': path,
      'params': params,
      'from': from,
    });
  }

  /// Hears the session's events, as `heard` of a host.
  void hear(String name, Map<String, Object?> data) {
    final id = data['client_id'] as String?;
    if (_ends.contains(name)) {
      _locked = _locked || id == null;
      unawaited(_tell('session_expired', id, {'reason': data['reason'] ?? 'expired'}));
    } else if (name == 'mini_program_suspended') {
      unawaited(_tell('session_expired', id, {'reason': 'suspended'}));
    } else if (name == 'grant_changed') {
      unawaited(_tell(name, id, {...data}..remove('client_id')));
    }
  }

  /// The person is signed in again. Modules are launched anew, each with its own token.
  void signedIn() => _locked = false;

  /// Theme and language, for all open modules.
  Future<void> setLooks({required Map<String, Object?> theme, required String locale}) =>
      _tell('context_changed', null, {'theme': theme, 'locale': locale});

  /// To one module, or to all.
  Future<void> _tell(String name, String? miniProgramId, Map<String, Object?> data) async {
    try {
      await _channel.invokeMethod<void>(name, {'miniProgramId': miniProgramId, ...data});
    } on MissingPluginException {
      // No module was ever launched.
    }
  }

  /// A module asks; the native side put in which one it is, whatever the module said of itself.
  Future<Object?> _answer(MethodCall call) async {
    final arguments = call.arguments;
    final id = arguments is Map ? arguments['miniProgramId'] : null;
    if (_locked) throw PlatformException(code: 'locked');
    if (call.method != 'token' || id is! String) throw PlatformException(code: 'unsupported_method');
    try {
      final token = await _exchange(id);
      if (_locked) throw PlatformException(code: 'locked');
      return token.toMessage();
    } on Refusal catch (refusal) {
      throw PlatformException(code: refusal.error, message: refusal.description);
    }
  }
}

/// How a module was launched.
final class ModuleLaunch {
  const ModuleLaunch._(this.sid, this.theme, this.locale, this.path, this.params, this.from);

  final String sid;
  final Map<String, Object?> theme;
  final String locale;
  final String path;
  final Map<String, Object?> params;
  final String? from;
}

/// A module's side. It is locked until it is launched, and after the end until it is launched again.
final class ModuleBridge {
  /// [dropSession] ends the module's own session; it runs before anything of another stay reaches the module.
  ModuleBridge({
    required Future<void> Function() dropSession,
    MethodChannel channel = const MethodChannel(miniProgramChannel),
    DateTime Function() now = DateTime.now,
  })  : _dropSession = dropSession,
        _channel = channel,
        _now = now {
    _channel.setMethodCallHandler(_hear);
  }

  final Future<void> Function() _dropSession;
  final MethodChannel _channel;
  final DateTime Function() _now;
  final _launches = StreamController<ModuleLaunch>.broadcast();
  final _ended = StreamController<String>.broadcast();
  final _events = StreamController<MethodCall>.broadcast();
  String? _sid;
  String? _token;
  DateTime? _from;
  DateTime? _until;
  bool _locked = true;
  // Counts launches and ends: what was asked for before counts no more.
  int _turn = 0;

  bool get isLocked => _locked;

  /// The module is open to the person, from now on.
  Stream<ModuleLaunch> get launches => _launches.stream;

  /// The end, with its reason: nothing may be done any more.
  Stream<String> get ended => _ended.stream;

  /// `context_changed` and `grant_changed`.
  Stream<MethodCall> get events => _events.stream;

  /// The module's launch token: the one that is there while four fifths of its time are not over, then a new one.
  Future<String> token() async {
    if (_locked) throw const Refusal('locked');
    final (token, from, until, now) = (_token, _from, _until, _now());
    if (token != null && from != null && until != null && !now.isBefore(from) && now.isBefore(until)) return token;
    final turn = _turn;
    final Map<String, Object?>? answer;
    try {
      answer = await _channel.invokeMapMethod<String, Object?>('token');
    } on PlatformException catch (refused) {
      throw Refusal(refused.code, description: refused.message);
    }
    if (turn != _turn || _locked) throw const Refusal('locked');
    if (answer == null || answer['sid'] != _sid || !_take(answer)) throw const Refusal('server_error');
    return _token!;
  }

  bool _take(Map<Object?, Object?> message) {
    final token = message['token'];
    final expiresIn = message['expiresIn'];
    if (token is! String || expiresIn is! int) return false;
    final now = _from = _now();
    _token = token;
    _until = now.add(Duration(seconds: expiresIn) * 0.8);
    return true;
  }

  Future<void> _hear(MethodCall call) async {
    final arguments = call.arguments;
    final said = arguments is Map<Object?, Object?> ? arguments : const <Object?, Object?>{};
    switch (call.method) {
      case 'launch':
        await _launch(said);
      case 'session_expired':
        _lock();
        _ended.add(said['reason'] as String? ?? 'expired');
      case 'context_changed' || 'grant_changed':
        if (!_locked) _events.add(call);
    }
  }

  void _lock() {
    _turn += 1;
    _locked = true;
    _token = null;
  }

  Future<void> _launch(Map<Object?, Object?> said) async {
    _lock();
    final turn = _turn;
    final sid = said['sid'];
    final params = said['params'];
    final theme = said['theme'];
    if (sid is! String) return;
    if (_sid != null && _sid != sid) await _dropSession();
    // Whatever was said meanwhile is newer than this launch.
    if (turn != _turn || !_take(said)) return;
    _sid = sid;
    _locked = false;
    _launches.add(ModuleLaunch._(
      sid,
      theme is Map ? theme.cast<String, Object?>() : const {},
      said['locale'] as String? ?? 'en',
      said['path'] as String? ?? '/',
      params is Map ? params.cast<String, Object?>() : const {},
      said['from'] as String?,
    ));
  }
}
