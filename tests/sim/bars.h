// What is asked of meetings on bad networks: one function for each kind of plan
// (tests/sim/quality.c). Each measures, and a figure outside its bar is a fault.
#pragma once

struct meeting_sim;

// Everybody gets everybody.
void judge_calm(struct meeting_sim *m);
void judge_lossy(struct meeting_sim *m);
void judge_fidgety(struct meeting_sim *m);
void judge_narrow_uplink(struct meeting_sim *m); // one camera sends two layers

// Cameras and an audience.
void judge_narrow_beside_wide(struct meeting_sim *m); // the first of the audience is narrow
void judge_steps(struct meeting_sim *m); // a fall and a rise at STEP_DOWN_S, STEP_UP_S
void judge_nine(struct meeting_sim *m);  // too many for the line; the first speaks
void judge_tenth_lost(struct meeting_sim *m);
void judge_third_lost(struct meeting_sim *m);
void judge_bursts(struct meeting_sim *m);
void judge_blackout(struct meeting_sim *m); // BLACKOUT_S long
void judge_fair(struct meeting_sim *m);     // two behind one line
void judge_against_tcp(struct meeting_sim *m);
void judge_steady(struct meeting_sim *m); // more than the line takes: it is used
// Spatial layers: the first of the audience loses packets, the second has a narrow line.
void judge_svc_lossy(struct meeting_sim *m);
void judge_unrepeated(struct meeting_sim *m);
void judge_svc_narrow(struct meeting_sim *m);
void judge_screen_narrow(struct meeting_sim *m);
void judge_starts(struct meeting_sim *m);

enum { STEP_DOWN_S = 20, STEP_UP_S = 40, BLACKOUT_FROM_S = 15, BLACKOUT_S = 3 };
