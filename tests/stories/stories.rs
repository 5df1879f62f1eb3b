//! Stories with the real binary, a real MCP server, and stand-ins that are as strict as the real
//! thing. Time is real here; what needs simulated time is in the simulation.

mod alertmanager;
mod amtool;
mod bus;
mod chat;
mod crash;
mod diagnosed;
mod events;
mod hooks;
mod inspection;
mod kinds;
mod links;
mod lint;
mod no_model;
mod other_server;
mod pages;
mod shipped;
mod silences;
mod watch;
mod with_model;
