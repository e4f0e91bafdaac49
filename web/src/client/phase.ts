// The life of one visit to a meeting, as the screens see it.
//
//   token → preview → joining → call → left
//      └───────┴─────────┴────────┴──→ failed
//                              └──→ returning → (a fresh page) or failed
//
// Reconnecting is not a phase: the meeting stays on the screen, and the SDK tells it.

import { isBroken } from './comeback';
import { problem, type Problem } from './problem';

export type Phase =
  | { at: 'token' }
  | { at: 'preview' }
  | { at: 'joining' }
  | { at: 'call'; ending: boolean } // ending: this person asked to end it for everybody
  | { at: 'returning'; problem: Problem } // the SDK broke: see client/comeback.ts
  | { at: 'left'; ended: boolean } // ended: by this person, for everybody
  | { at: 'failed'; problem: Problem };

export type PhaseEvent =
  | { type: 'token-given' }
  | { type: 'join-asked' }
  | { type: 'connected' }
  | { type: 'disconnected' } // the SDK gave up, or was told to; the reason may follow
  | { type: 'leave-asked' }
  | { type: 'end-asked' }
  | { type: 'end-failed' }
  | { type: 'return-failed' }
  | { type: 'failed'; problem: Problem };

const NO_REASON = 'disconnected';

export function nextPhase(phase: Phase, event: PhaseEvent): Phase {
  switch (event.type) {
    case 'token-given':
      return phase.at === 'token' ? { at: 'preview' } : phase;
    case 'join-asked':
      return phase.at === 'preview' ? { at: 'joining' } : phase;
    case 'connected':
      return phase.at === 'joining' ? { at: 'call', ending: false } : phase;
    case 'leave-asked':
      return phase.at === 'call' ? { at: 'left', ended: false } : phase;
    case 'end-asked':
      return phase.at === 'call' ? { at: 'call', ending: true } : phase;
    case 'end-failed':
      return phase.at === 'call' ? { at: 'call', ending: false } : phase;
    case 'disconnected':
      if (phase.at !== 'call') return phase;
      if (phase.ending) return { at: 'left', ended: true };
      return { at: 'failed', problem: problem('lost', NO_REASON) };
    case 'return-failed':
      return phase.at === 'returning' ? { at: 'failed', problem: phase.problem } : phase;
    case 'failed':
      if (phase.at === 'call' && !phase.ending && isBroken(event.problem))
        return { at: 'returning', problem: event.problem };
      if (phase.at === 'call' && phase.ending && event.problem.cause === 'ended')
        return { at: 'left', ended: true };
      return isOpen(phase) ? { at: 'failed', problem: event.problem } : phase;
  }
}

// Whether a reason would still tell the person something new.
function isOpen(phase: Phase): boolean {
  if (phase.at === 'returning') return false;
  if (phase.at === 'failed') return phase.problem.code === NO_REASON;
  return phase.at !== 'left';
}
