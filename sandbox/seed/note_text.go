package seed

// The sentences notes are made of. ${...} stands for a fact of the account,
// one of its people, or something drawn anew each time; see story.word.

var openings = map[string][]string{
	"call": {
		"${Author} and ${ae} joined ${champion} for the regular call. ${champion} had ${n} topics on the agenda and we got through most of them.",
		"Short call with ${champion} and ${dev}. They had just come out of planning, so most of it was about what ${company} wants to ship next.",
		"${champion} asked for this one at short notice after ${metric} moved by ${pct}% and nobody on their side could say why.",
		"Weekly sync. ${user} was out, ${champion} ran it alone and was in a good mood: the launch went better than expected.",
		"Call moved twice, finally happened. ${buyer} listened in for the first ten minutes and then left us to the details.",
		"Caught up with ${champion} after the ${event}. A lot has changed at ${company} since we last spoke.",
		"Call booked by ${dev} to look at ${feature} together. ${Author} shared the screen, ${dev} drove.",
		"First call since ${champion} came back from leave. We went through everything that happened in the meantime.",
	},
	"qbr": {
		"Quarterly review with ${buyer} and ${champion}. Goal of the meeting: show what ${feature} has brought them and agree on the next quarter.",
		"QBR held remotely, ${n} people on their side. ${buyer} opened with the budget question, so we moved the value slides to the front.",
		"Business review. ${champion} presented their half of the deck, which worked far better than us reading numbers out.",
		"We kept the review to forty minutes, as ${buyer} had asked. The numbers below are the ones on the slides.",
	},
	"handover": {
		"Everything I would want to know if I took over ${company} tomorrow. Shout if something is missing.",
		"Handover from ${Author}. I have looked after ${company} for ${n} quarters; what follows is what is not in any field.",
		"${company} moves to a new CSM. We told ${champion} in the last call and it was taken well; ${buyer} has not been told yet.",
		"Notes for whoever picks this up. The short version: healthy on paper, one champion deep.",
	},
	"escalation": {
		"${dev} raised ticket ${ticket} as urgent and copied ${buyer}. What we know so far, in order.",
		"${company} reported missing events this morning. ${champion} called ${Author} directly before opening ${ticket}.",
		"Escalated by ${buyer}: a dashboard they show to their board was off by ${pct}%. ${ae} was pulled in at once.",
		"Third incident for ${company} this quarter and ${champion} said so. Ticket ${ticket} is the formal one; this is the account side.",
	},
	"kickoff": {
		"Kick-off with ${company}. ${ae} handed over from sales, ${Author} runs the onboarding from here.",
		"Onboarding starts. ${champion} owns the project on their side, ${dev} does the work, ${buyer} wants a date.",
		"Kick-off call, everybody present. Scope is smaller than in the contract and that is fine: one product, one team, first.",
	},
	"renewal": {
		"Renewal talk with ${buyer}. The contract is up ${renewal}; ${ae} leads, ${Author} supports with usage.",
		"${ae} and ${Author} prepared the renewal with ${champion} before it goes to ${buyer}.",
		"Procurement at ${company} has started the renewal early this time. Contract ends ${renewal}.",
	},
	"training": {
		"Ran a training session for ${n} people at ${company}. Mixed crowd: half had never opened ${feature}.",
		"Enablement hour, the second of three. ${user} brought their own questions, which made it lively.",
		"Office hours with ${company}'s data people. No slides, only their project.",
	},
	"support": {
		"Went through all open tickets with ${dev} so that nothing waits on a misunderstanding.",
		"Support review for ${company}: ${n} tickets since the last one, ${ticket} is the one that matters.",
		"${user} wrote in the shared channel rather than in a ticket, again. Collected here so that it is on record.",
	},
	"internal": {
		"Internal only. ${Author}, ${ae} and ${owner} talked ${company} through ahead of the forecast.",
		"Account planning. We looked at where ${company} could be in a year, and at what would have to be true.",
		"Pipeline review: why ${company} is marked the way it is, and what each of us does about it.",
	},
}

// remarks carry the body of most notes.
var remarks = []string{
	"They now look at ${metric} every morning; ${champion} has put the chart on a screen next to the coffee machine.",
	"${dev} finds the documentation for ${feature} good but misses a worked example for ${stack}.",
	"Adoption of ${feature} went from ${n} to ${n2} weekly users. ${champion} credits the two champions in the ${team} team.",
	"The ${team} team still works with spreadsheets. ${user} would switch if somebody sat down with them for an hour.",
	"They compared us with ${rival} last month. What tipped it was having ${feature} and ${feature2} in one place.",
	"${buyer} wants to know what ${feature} would cost at three times the volume. ${ae} will send a range, not a number.",
	"${champion} would like to see ${metric} broken down by plan, which they cannot do until ${dev} sends the plan as a person property.",
	"A reorganisation is coming: the ${team} team will report to ${buyer}. That is good for us, ${buyer} reads every chart we send.",
	"We found ${n} unused dashboards. ${user} will archive the ones nobody opened in ${weeks} weeks.",
	"The ${event} produced ${n2} thousand events in a day. Nothing broke, but the invoice surprised them.",
	"Identity is a mess: the mobile app and the website use different ids for the same user. ${dev} knows, it is on their list.",
	"They want to roll out ${feature} behind a flag to ${pct}% of users first and keep ${feature2} as it is.",
	"${user} asked whether ${feature} can be limited to one team. It can, and we switched it on during the call.",
	"Security asked for the list of subprocessors again. ${Author} sent the link; ${buyer} forwarded it while we were speaking.",
	"${champion} is presenting ${metric} to the board and asked us to check the definition. It was right, but the time zone was not.",
	"Data quality: ${pct}% of events arrive without a group. ${dev} thinks it is one background job.",
	"They have stopped using ${rival} for everything but one report. ${user} owns that report and does not want to lose it.",
	"Volume is flat, seats are up: more people look at the same data. ${champion} sees that as a win and so do we.",
	"${dev} showed us how they name events. It is consistent, it is documented, and I have asked whether we may use it as an example.",
	"Two people left the ${team} team, among them the one who set up ${feature}. Nobody there knows the configuration now.",
	"They would like an alert when ${metric} drops by more than ${pct}%. We set one up together and tested it with old data.",
	"${buyer} asked about the roadmap for ${feature}. I promised nothing and offered to put them in the beta.",
	"The proxy they put in front of ingestion works. Blocked requests went from ${pct}% to almost none.",
	"${champion} mentioned in passing that the free tool the interns built is still running next to ours.",
	"They run ${n} experiments at a time, which is more than their traffic allows. We explained why none of them ends.",
	"Their consent banner changed and ${metric} fell by ${pct}% overnight. Not a real drop; we annotated the chart.",
	"${user} has become our best advocate: runs a monthly session for newcomers without being asked.",
	"Retention looks better than it is, since test accounts are counted. ${dev} will filter them with a cohort.",
	"The warehouse sync lags by ${n} hours. Acceptable for ${buyer}, not for the ${team} team, who act on it daily.",
	"${champion} compared last month's numbers with the invoice and they matched to the event, which made my day easier.",
	"Mobile is next: ${dev} will start with ${feature} and leave ${feature2} for later.",
	"There was a misunderstanding about seats. They have ${n2} people who look at dashboards and thought each needed one.",
	"${buyer} is new to the company and asked the plain questions nobody else asks, such as who acts on ${metric}.",
	"Their ${team} team built an internal page that embeds ${n} of our charts. It is the most visited page they have.",
	"A partner of theirs wants the same set-up. ${champion} will introduce us once the ${event} is through.",
	"They clean up: ${n2} event names are down to ${n}, and ${dev} reviews every new one.",
	"${user} pointed out that the time zone of the project is still the one of their old office.",
	"We spoke about sampling. ${dev} would rather send less than see less, and will drop the heartbeat events.",
	"Feature requests from them since last time: ${n}, of which ${feature} by team is the one they would pay for.",
	"Response times were slow on ${n} of their dashboards. Two are now cached, one was simply wrong.",
	"${champion} wants to show ${metric} to customers. We talked about what may be shared and what may not.",
	"They asked for single sign-on for contractors. It is part of ${plan}, nobody had told them.",
}

// details stand below a remark, one level deeper.
var details = []string{
	"${dev} owns this", "blocked by their release freeze", "no date yet", "worth repeating in the review",
	"was already discussed with ${ae}", "see ticket ${ticket}", "affects ${n} people in the ${team} team",
	"${champion} will confirm by e-mail", "came up in the last call too", "${user} has the details",
	"${owner} should know", "${buyer} does not know yet", "so it has been for ${weeks} weeks",
	"revisit after the ${event}", "keep an eye on it", "not urgent, but said for the third time",
}

// exportComplaints are the only sentences that speak of exports, so that a
// search for them has one right answer.
var exportComplaints = []string{
	"${user} complained about exports again: anything above a few thousand rows times out and has to be cut into weeks by hand.",
	"CSV export is the sore point. ${champion} needs ${n2} thousand rows for finance every month and gets half of them without any warning.",
	"The batch export to their bucket stopped ${n} days ago and nobody was told. ${dev} only noticed because a report was empty.",
	"${buyer} was blunt: as long as exports lose the column order, the ${team} team keeps ${rival} for reporting.",
	"They are unhappy that an exported file has other numbers than the chart. We traced it to the time zone; ${champion} calls it a bug and I agree.",
	"Exporting person lists takes ${user} most of a morning. Asked for a scheduled export, as others have.",
	"Complaint of the week: the export of ${feature} results drops accented characters. ${dev} sent a file that shows it.",
	"${champion} said, word for word, that our exports are the reason the finance team does not trust us.",
}

var quotes = []string{
	"If ${feature} went away tomorrow I would have a riot in the ${team} team.",
	"We do not need more charts. We need to know which one to believe.",
	"I can defend the price when I can show ${metric}. So keep helping me show it.",
	"Honestly, we forgot we were paying for ${feature2}.",
	"Your support answered faster than my own engineers.",
	"Nobody ever got promoted for cleaning up event names, but somebody should.",
	"It was not fine for ${weeks} weeks. It is fine now.",
}

var risks = []string{
	"Single champion: if ${champion} leaves, nobody else can explain what we do for them.",
	"Budget freeze until the new finance lead has settled in.",
	"${rival} offered ${buyer} a year for free.",
	"${dev} is stretched over three projects and ours is the third.",
	"Usage of ${feature} rests on ${n} people.",
	"Legal wants data in the EU, the project is in the US.",
	"They measure us by ${metric}, which we hardly influence.",
	"Bill grew ${pct}% in a quarter without a conversation about it.",
	"The integration with ${stack} was written by someone who has left.",
}

var nextSteps = []string{
	"Send ${champion} the recording and the recap",
	"${dev} to send the plan as a person property",
	"Book an hour on ${feature} for the ${team} team",
	"${ae} to send the price range for three times the volume",
	"Archive the unused dashboards with ${user}",
	"Check with engineering on ${ticket}",
	"Put ${company} on the list for the ${feature2} beta",
	"Ask ${buyer} for a reference quote once the launch is over",
	"Write down who may approve a change of contract",
	"Set up the alert on ${metric}",
	"Follow up with security about the questionnaire",
	"Look at the ${pct}% of events without a group",
	"Invite ${user2} to the next call",
	"Update the renewal forecast",
}

var decisions = []string{
	"Keep ${feature} for everybody, ${feature2} for the ${team} team only.",
	"Move the review to every ${weeks} weeks.",
	"Use one definition of ${metric}; ${champion} writes it down.",
	"No new contract before the ${event}.",
	"${dev} is the technical contact from now on, not ${user}.",
	"Run the pilot with ${n} seats and look again afterwards.",
	"Turn autocapture off on the internal tools.",
}
