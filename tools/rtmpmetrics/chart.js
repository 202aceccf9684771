/* SPDX-License-Identifier: ISC */
/*
 * chart.js - a line of what was measured in the latest minutes.
 * The newest is at the right, and each value is where its time is: a page that
 * nobody looks at measures less often.
 */
"use strict";

const CHART_SPAN = 180;		/* s; */
const CHART_MIN = 30;		/* so wide is one that has just begun */
const SVG = "http://www.w3.org/2000/svg";

class Chart {
	/* One that is nowhere near to be seen is not drawn. */
	static watcher = new IntersectionObserver((changes) => {
		for (const change of changes) {
			const chart = change.target.chart;

			chart.seen = change.isIntersecting;
			chart.draw();
		}
	}, { rootMargin: "50%" });

	constructor(className) {
		this.pieces = [];	/* lists of [time, value] */
		this.seen = false;
		this.node = document.createElementNS(SVG, "svg");
		this.node.chart = this;
		this.node.setAttribute("preserveAspectRatio", "none");
		this.node.setAttribute("class", className);
		this.node.setAttribute("aria-hidden", "true");
		this.area = this.path("area");
		this.line = this.path("line");
		Chart.watcher.observe(this.node);
	}

	path(className) {
		const path = document.createElementNS(SVG, "path");

		path.setAttribute("class", className);
		this.node.append(path);
		return path;
	}

	end() {
		Chart.watcher.unobserve(this.node);
	}

	/* A moment: its time in s; was something missed just before? */
	add(moment, value) {
		const old = (sample) => sample[0] < moment.at - CHART_SPAN;

		if (moment.gap || this.pieces.length === 0)
			this.pieces.push([]);
		this.pieces.at(-1).push([moment.at, value]);
		while (this.pieces.length > 1 && old(this.pieces[0].at(-1)))
			this.pieces.shift();
		while (old(this.pieces[0][0]))
			this.pieces[0].shift();
		this.draw();
	}

	draw() {
		if (!this.seen || this.pieces.length === 0)
			return;
		const end = this.pieces.at(-1).at(-1)[0];
		const width = Math.max(end - this.pieces[0][0][0], CHART_MIN);
		const max = this.pieces.flat().reduce((most, sample) =>
		    Math.max(most, sample[1]), 1) * 1.1;
		const x = (sample) => (sample[0] - end + width).toFixed(1);
		const lines = this.pieces.map((piece) => piece.map((sample) =>
		    `${x(sample)} ${(100 - sample[1] / max * 100).toFixed(1)}`)
		    .join("L"));

		this.node.setAttribute("viewBox", `0 0 ${width} 100`);
		this.line.setAttribute("d", `M${lines.join("M")}`);
		this.area.setAttribute("d", this.pieces.map((piece, i) =>
		    `M${x(piece[0])} 100L${lines[i]}L${x(piece.at(-1))} 100Z`)
		    .join(""));
	}
}
