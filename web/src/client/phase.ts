// The life of one visit to a meeting, as the screens see it.
//
//   token → preview → joining → call → left
//      └───────┴─────────┴────────┴──→ failed
//
// Reconnecting is not a phase: the meeting stays on the screen, and the SDK tells it.

import { problem, type Problem } from './problem';

export type Phase =
  | { at: 'token' }
  | { at: 'preview' }
  | { at: 'joining' }
  | { at: 'call' }
  | { at: 'left' }
  | { at: 'failed'; problem: Problem };

export type PhaseEvent =
  | { type: 'token-given' }
  | { type: 'join-asked' }
  | { type: 'connected' }
  | { type: 'disconnected' } // the SDK gave up, or was told to; the reason may follow
  | { type: 'leave-asked' }
  | { type: 'failed'; problem: Problem };

const NO_REASON = 'disconnected';

export function nextPhase(phase: Phase, event: PhaseEvent): Phase {
  switch (event.type) {
    case 'token-given':
      return phase.at === 'token' ? { at: 'preview' } : phase;
    case 'join-asked':
      return phase.at === 'preview' ? { at: 'joining' } : phase;
    case 'connected':
      return phase.at === 'joining' ? { at: 'call' } : phase;
    case 'leave-asked':
      return phase.at === 'call' ? { at: 'left' } : phase;
    case 'disconnected':
      if (phase.at !== 'call') return phase;
      return { at: 'failed', problem: problem('lost', NO_REASON) };
    case 'failed':
      return isOpen(phase) ? { at: 'failed', problem: event.problem } : phase;
  }
}

// Whether a reason would still tell the person something new.
function isOpen(phase: Phase): boolean {
  if (phase.at === 'failed') return phase.problem.code === NO_REASON;
  return phase.at !== 'left';
}
