"""What people say to one thing, or to several at once: ``{x}`` is the thing as it is called, with its article.

``DO`` are commands that courtesies and "could you" go around; ``SAY`` are whole sentences that stand alone. Keys are actions.
"""

from __future__ import annotations

from flows.steps.generator.patterns import Patterns

_ON = """
    turn on {x}
    turn {x} on
    switch on {x}
    switch {x} on
    put on {x}
    put {x} on
    power on {x}
    power up {x}
    power {x} on
    activate {x}
    get {x} going
    enable {x}
    fire up {x}
    flip on {x}
    flip {x} on
    flick {x} on
    set {x} to on
    click {x} on
    bring {x} on
    make sure {x} is on
    make sure {x} gets turned on
    see that {x} is on
    have {x} on
    get {x} on
    get {x} turned on
    use {x}
    turn on {x} and leave it on
    change {x} to on
    hit the switch for {x}
    go and turn on {x}
    wake up {x}
    get {x} working
    get {x} up and running
    get {x} switched on
    bring {x} to life
    bring up {x}
    crank on {x}
    go turn on {x}
    go switch on {x}
    give {x} power
    have {x} switched on
    have {x} turned on
    hit {x} on
    leave {x} on
    let {x} be on
    make {x} go on
    make {x} come on
    press {x} on
    put {x} to on
    see to it that {x} is on
    snap {x} on
    start {x} up
    stick {x} on
    swap {x} to on
    switch {x} to on
    tap {x} on
    throw on {x}
    throw the switch on {x}
    toggle {x} on
    turn {x} back on
    switch {x} back on
    turn on {x} again
    turn {x} to on
"""
_ON_SAY = """
    {bare} on
    {x} on
    on with {x}
    i need {x} on
    i want {x} on
    i'd like {x} on
    i want {x} (switched|turned) on
    i'd like to have {x} on
    {x} needs to be on
    {x} should be on
    {x} has to go on
    {x} is off and i need it on
    (can|could) we have {x} on
    would you mind (turning|switching) on {x}
    would you mind turning {x} on
    how about turning on {x}
    what about (turning|switching) {x} on
    (can|may) i have {x} on
    turning on {x} would be (nice|great|good)
    it would be (nice|great) to have {x} on
    you forgot to turn on {x}
    why is {x} still off, turn it on
    {x}, turn it on
    {x}: on
    time for {x} to come on
    it's time to turn on {x}
    somebody should turn on {x}
    we'll need {x} on
    {x} must be on
    i forgot to turn on {x}
    {x} back on
    {x} can go on
    {x} can be on
    {x} could be on
    {x} ought to be on
    {x} to on
    {x} would be nice
    {x}, on
    {x}, switch it on
    {x} isn't on
    {x} isn't on yet
    {x} was supposed to be on
    can {x} be on
    can {x} go on
    can you get {x} on
    could {x} be turned on
    could i get {x} on
    could i have {x} on
    do turn on {x}
    don't forget to turn on {x}
    give me {x}
    i could use {x}
    i could do with {x} on
    i need {x} running
    i need {x} to be on
    i want {x} to be on
    i want to use {x}
    i'd like {x} turned on
    i'll need {x}
    i'm going to need {x} on
    i've got to have {x} on
    it's about time for {x} to be on
    let's get {x} on
    let's have {x} on
    let's turn on {x}
    let's switch {x} on
    my next wish is {x} on
    on, {x}
    please have {x} on
    somebody turned off {x}, turn it on again
    someone switched off {x}, switch it back on
    we could use {x}
    we need {x}
    we want {x} on
    we'd like {x} on
    we're about to use {x}, turn it on
    what i want is {x} on
    will you get {x} on
    with {x} on it would be better
"""
_OFF = """
    turn off {x}
    turn {x} off
    switch off {x}
    switch {x} off
    put off {x}
    power off {x}
    power down {x}
    power {x} off
    power {x} down
    deactivate {x}
    disable {x}
    shut off {x}
    shut {x} off
    shut down {x}
    shut {x} down
    cut {x}
    cut the power to {x}
    kill {x}
    flip off {x}
    flip {x} off
    flick {x} off
    set {x} to off
    click {x} off
    make sure {x} is off
    make sure {x} gets turned off
    see that {x} is off
    have {x} off
    get {x} turned off
    turn off {x} and leave it off
    change {x} to off
    go and turn off {x}
    knock off {x}
    bring {x} to off
    click off {x}
    cut off {x}
    get {x} off
    get {x} switched off
    get {x} shut down
    go turn off {x}
    go switch off {x}
    give {x} a break and turn it off
    have {x} switched off
    have {x} turned off
    hit {x} off
    kill the power to {x}
    leave {x} off
    let {x} be off
    let {x} go off
    make {x} go off
    pull the plug on {x}
    put {x} to off
    put {x} out of action
    see to it that {x} is off
    snap {x} off
    stop using {x}
    swap {x} to off
    switch {x} to off
    take the power off {x}
    tap {x} off
    toggle {x} off
    turn {x} back off
    switch {x} off again
    turn off {x} again
    turn {x} to off
    unplug {x}
"""
_OFF_SAY = """
    {bare} off
    {x} off
    off with {x}
    i want {x} off
    i'd like {x} off
    i want {x} (switched|turned) off
    i don't need {x} (anymore|any more|any longer)
    we don't need {x} (anymore|any more|any longer)
    no need for {x} (now|anymore)
    {x} can go off
    {x} can be turned off
    {x} should be off
    {x} needs to be off
    {x} has been on for too long
    {x} is still on, turn it off
    would you mind (turning|switching) off {x}
    would you mind turning {x} off
    how about turning off {x}
    what about (turning|switching) {x} off
    who left {x} on
    somebody left {x} on
    someone left {x} on again
    why is {x} still on
    i (left|think i left) {x} on
    you left {x} on
    i forgot to turn off {x}
    we're done with {x}
    i'm done with {x}
    that's enough of {x}
    {x}, turn it off
    {x}: off
    it's time to turn off {x}
    {x} doesn't need to be on
    enough of {x}
    nobody needs {x} right now
    {x} is wasting power
    {x} back off
    {x} off again
    {x} could be off
    {x} has to be off
    {x} has to go off
    {x} isn't needed
    {x} isn't needed anymore
    {x} is not needed now
    {x} is on for nothing
    {x} is on for no reason
    {x} is still running
    {x} is on and nobody uses it
    {x} is burning money
    {x} must be off
    {x} must go off
    {x} ought to be off
    {x} shouldn't be on
    {x} should not be on
    {x} to off
    {x} was left on
    {x} was supposed to be off
    {x}, off
    {x}, switch it off
    can {x} be off
    can {x} go off
    can you get {x} off
    could {x} be turned off
    don't forget to turn off {x}
    don't leave {x} on
    don't need {x}
    do turn off {x}
    i can do without {x}
    i don't use {x} anymore
    i don't want {x} on
    i don't want {x} running
    i have no use for {x} now
    i need {x} off
    i need {x} to be off
    i want {x} to be off
    i'd like {x} turned off
    i'm finished with {x}
    i'm not using {x}
    it's about time for {x} to be off
    let's get {x} off
    let's have {x} off
    let's turn off {x}
    let's switch {x} off
    nobody is using {x}
    nobody uses {x} right now
    off, {x}
    somebody turned on {x}, turn it off again
    someone has left {x} on
    that's it for {x}
    the power to {x} can be cut
    we can do without {x}
    we don't use {x} now
    we're finished with {x}
    we're not using {x}
    what i want is {x} off
    why is {x} on
    why is {x} running
    you can turn off {x}
"""
_OPEN = """
    open {x}
    open up {x}
    get {x} open
    open {x} all the way
    open {x} completely
    open {x} fully
    fully open {x}
    make sure {x} is open
    see that {x} is open
    let {x} open
    put {x} open
    have {x} open
    go and open {x}
    set {x} to open
    change {x} to open
    bring {x} open
    leave {x} open
    let {x} be open
    make {x} open
    move {x} open
    push {x} open
    get {x} opened
    get {x} fully open
    open {x} wide
    open {x} again
    have {x} opened
    put {x} to open
    swing {x} open
    take {x} open
    throw {x} open
    see to it that {x} is open
    go open {x}
    keep {x} open
"""
_OPEN_SAY = """
    {bare} open
    {x} open
    i want {x} open
    i'd like {x} open
    i need {x} (open|opened)
    {x} should be open
    {x} needs to be open
    {x} needs opening
    would you mind opening {x}
    how about opening {x}
    what about opening {x}
    {x} is closed and i want it open
    why is {x} still closed
    why is {x} closed, open it
    (can|could) we have {x} open
    opening {x} would be (nice|great)
    it's time to open {x}
    {x}, open it
    i forgot to open {x}
    somebody should open {x}
    {x} can be open
    {x} can open
    {x} could be open
    {x} has to be open
    {x} has to open
    {x} must be open
    {x} ought to be open
    {x} shouldn't be closed
    {x} should not be closed
    {x} to open
    {x}, open
    {x} wide open
    can {x} be open
    can {x} open
    could {x} be opened
    don't leave {x} closed
    i don't want {x} closed
    i don't want {x} shut
    i need {x} to be open
    i want {x} to be open
    i want {x} opened
    i'd like {x} opened
    it's about time to open {x}
    let's get {x} open
    let's have {x} open
    let's open {x}
    open, {x}
    someone closed {x}, open it again
    we need {x} open
    we want {x} open
    you can open {x}
"""
_CLOSE = """
    close {x}
    close up {x}
    shut {x}
    get {x} closed
    get {x} shut
    close {x} all the way
    close {x} completely
    fully close {x}
    make sure {x} is closed
    make sure {x} is shut
    see that {x} is closed
    let {x} close
    put {x} closed
    have {x} closed
    go and close {x}
    set {x} to closed
    pull {x} shut
    keep {x} shut
    bring {x} closed
    get {x} fully closed
    leave {x} closed
    let {x} be closed
    let {x} shut
    make {x} close
    make {x} shut
    move {x} closed
    push {x} shut
    put {x} to closed
    put {x} shut
    shut up {x}
    slam {x} shut
    swing {x} shut
    take {x} shut
    close {x} again
    see to it that {x} is closed
    go close {x}
    keep {x} closed
"""
_CLOSE_SAY = """
    {bare} closed
    {x} closed
    {bare} shut
    i want {x} (closed|shut)
    i'd like {x} (closed|shut)
    i need {x} (closed|shut)
    {x} should be (closed|shut)
    {x} needs closing
    would you mind closing {x}
    would you mind shutting {x}
    how about closing {x}
    what about closing {x}
    {x} is still open, close it
    why is {x} still open
    who left {x} open
    somebody left {x} open
    i (left|think i left) {x} open
    i forgot to close {x}
    it's time to close {x}
    {x}, close it
    {x} shouldn't be open
    i don't want {x} open
    {x} shut
    {x} can be closed
    {x} can close
    {x} can be shut
    {x} could be closed
    {x} has to be closed
    {x} has to be shut
    {x} must be closed
    {x} ought to be closed
    {x} should not be open
    {x} to closed
    {x}, close
    {x}, closed
    {x} needs to be closed
    {x} needs to be shut
    {x} was left open
    can {x} be closed
    could {x} be closed
    don't leave {x} open
    i need {x} to be closed
    i want {x} to be closed
    i want {x} to be shut
    i'd like {x} to be shut
    i'm done with {x} open
    it's about time to close {x}
    let's close {x}
    let's get {x} closed
    let's have {x} closed
    nobody closed {x}
    someone opened {x}, close it again
    we don't need {x} open
    we want {x} closed
    why is {x} open
    you can close {x}
"""
_SHADE_OPEN = """
    raise {x}
    pull up {x}
    pull {x} up
    roll up {x}
    roll {x} up
    lift {x}
    draw back {x}
    wind up {x}
    let the light in through {x}
    put {x} up
    move {x} up
    bring {x} up
    crank up {x}
    draw {x} up
    get {x} up
    have {x} up
    hoist {x}
    let {x} go up
    let {x} up
    lift up {x}
    lift {x} up
    make {x} go up
    pull {x} open
    pull open {x}
    raise {x} up
    roll {x} all the way up
    run {x} up
    send {x} up
    set {x} to up
    slide {x} up
    take {x} up
"""
_SHADE_CLOSE = """
    lower {x}
    pull down {x}
    pull {x} down
    roll down {x}
    roll {x} down
    let down {x}
    let {x} down
    drop {x}
    draw {x}
    wind down {x}
    put {x} down
    move {x} down
    bring {x} down
    crank down {x}
    draw {x} down
    get {x} down
    have {x} down
    let {x} go down
    let {x} come down
    lower {x} down
    make {x} go down
    pull {x} closed
    pull {x} to
    roll {x} all the way down
    run {x} down
    send {x} down
    set {x} to down
    slide {x} down
    take {x} down
    drop {x} down
"""
_LOCK = """
    lock {x}
    lock up {x}
    lock {x} up
    bolt {x}
    secure {x}
    get {x} locked
    make sure {x} is locked
    make sure {x} gets locked
    see that {x} is locked
    set {x} to locked
    engage {x}
    keep {x} locked
    put {x} in the locked position
    have {x} locked
    go and lock {x}
    double check and lock {x}
    close and lock {x}
    fasten {x}
    get {x} bolted
    lock {x} again
    lock {x} for me
    lock {x} for the night
    lock {x} tight
    leave {x} locked
    let {x} lock
    make {x} lock
    make {x} secure
    put the lock on {x}
    seal {x}
    see to it that {x} is locked
    shut and lock {x}
    switch {x} to locked
    turn the key in {x}
    go lock {x}
"""
_LOCK_SAY = """
    {bare} locked
    i want {x} locked
    i'd like {x} locked
    i need {x} locked
    {x} should be locked
    {x} needs locking
    {x} needs to be locked
    would you mind locking {x}
    how about locking {x}
    i forgot to lock {x}
    i think i left {x} unlocked
    who left {x} unlocked
    somebody left {x} unlocked
    {x} is unlocked, lock it
    why is {x} still unlocked
    {x} shouldn't be unlocked
    it's time to lock {x}
    {x}, lock it
    {x} has to be locked
    {x} must be locked
    {x} must not be unlocked
    {x} ought to be locked
    {x} should not be unlocked
    {x}, locked
    {x} to locked
    can {x} be locked
    could {x} be locked
    don't leave {x} unlocked
    i don't want {x} unlocked
    i need {x} to be locked
    i want {x} to be locked
    i want {x} secured
    let's lock {x}
    let's have {x} locked
    nobody locked {x}
    we want {x} locked
    we're leaving, lock {x}
    why is {x} unlocked
"""
_UNLOCK = """
    unlock {x}
    unbolt {x}
    get {x} unlocked
    make sure {x} is unlocked
    set {x} to unlocked
    disengage {x}
    release {x}
    have {x} unlocked
    go and unlock {x}
    take the lock off {x}
    see that {x} is unlocked
    keep {x} unlocked
    undo {x}
    get {x} unbolted
    let {x} unlock
    leave {x} unlocked
    make {x} unlock
    open the lock of {x}
    open the lock on {x}
    put {x} in the unlocked position
    remove the lock from {x}
    see to it that {x} is unlocked
    switch {x} to unlocked
    turn off the lock on {x}
    unfasten {x}
    unlock {x} again
    unlock {x} for me
    unseal {x}
    go unlock {x}
"""
_UNLOCK_SAY = """
    {bare} unlocked
    i want {x} unlocked
    i'd like {x} unlocked
    i need {x} unlocked
    {x} should be unlocked
    {x} needs to be unlocked
    {x} needs unlocking
    would you mind unlocking {x}
    how about unlocking {x}
    i forgot to unlock {x}
    why is {x} still locked
    {x} is locked, unlock it
    it's time to unlock {x}
    {x}, unlock it
    somebody locked {x}, undo that
    {x} can be unlocked
    {x} has to be unlocked
    {x} must be unlocked
    {x} ought to be unlocked
    {x} shouldn't be locked
    {x} should not be locked
    {x}, unlocked
    {x} to unlocked
    can {x} be unlocked
    could {x} be unlocked
    don't leave {x} locked
    i don't want {x} locked
    i need {x} to be unlocked
    i want {x} to be unlocked
    let's have {x} unlocked
    let's unlock {x}
    we want {x} unlocked
    why is {x} locked
"""
_BRIGHTNESS = """
    set {x} to {pct}
    set {x} to {pct} brightness
    set the brightness of {x} to {pct}
    set {x} brightness to {pct}
    set {bare} to {pct}
    dim {x} to {pct}
    brighten {x} to {pct}
    turn {x} (up|down) to {pct}
    turn on {x} at {pct}
    turn {x} on to {pct}
    put {x} at {pct}
    put {x} on {pct}
    bring {x} (up|down) to {pct}
    change {x} to {pct}
    change the brightness of {x} to {pct}
    make {x} {pct} bright
    adjust {x} to {pct}
    adjust the brightness of {x} to {pct}
    light {x} at {pct}
    run {x} at {pct}
    take {x} to {pct}
    go to {pct} on {x}
    have {x} at {pct}
    lower {x} to {pct}
    raise {x} to {pct}
    set the light level of {x} to {pct}
    switch {x} to {pct}
    bring the brightness of {x} to {pct}
    crank {x} to {pct}
    cut {x} down to {pct}
    drop {x} to {pct}
    fade {x} to {pct}
    get {x} to {pct}
    give {x} {pct}
    give {x} {pct} brightness
    increase {x} to {pct}
    keep {x} at {pct}
    leave {x} at {pct}
    let {x} be at {pct}
    let {x} shine at {pct}
    make {x} {pct}
    make the brightness of {x} {pct}
    move {x} to {pct}
    put the brightness of {x} at {pct}
    reduce {x} to {pct}
    set {x} at {pct}
    set {x} on {pct}
    set the light of {x} to {pct}
    slide {x} to {pct}
    start {x} at {pct}
    switch {x} on at {pct}
    take the brightness of {x} to {pct}
    turn the brightness of {x} to {pct}
    turn {x} to {pct}
    use {pct} on {x}
"""
_BRIGHTNESS_SAY = """
    {bare} {pct}
    {x} {pct}
    {x} at {pct}
    {bare} to {pct}
    {pct} on {x}
    {pct} for {x}
    i want {x} at {pct}
    i'd like {x} at {pct}
    {x} should be at {pct}
    brightness of {x} {pct}
    {bare} brightness {pct}
    would you mind setting {x} to {pct}
    how about {pct} for {x}
    {x} to {pct} brightness
    i need {x} at {pct}
    {x}, {pct}
    {x} brightness {pct}
    {x} brightness to {pct}
    {x} on {pct}
    {x} on at {pct}
    {x} {pct} bright
    {x} could be at {pct}
    {x} has to be at {pct}
    {x} needs to be at {pct}
    {pct} brightness for {x}
    {pct} brightness on {x}
    {pct} is enough for {x}
    {pct} light from {x}
    brightness {pct} on {x}
    brightness {pct} for {x}
    can we have {x} at {pct}
    i need {pct} on {x}
    i need {pct} from {x}
    i want {pct} on {x}
    i want {x} to be at {pct}
    i'd like {pct} brightness on {x}
    i'd like {x} on {pct}
    let's go with {pct} on {x}
    let's have {x} at {pct}
    make it {pct} on {x}
    the brightness of {x} should be {pct}
    what about {pct} on {x}
    we want {x} at {pct}
"""
_FULL = """
    set {x} to full brightness
    turn {x} all the way up
    set {x} to maximum
    make {x} as bright as (it goes|possible|it can be)
    turn {x} up to full
    crank {x} up to the max
    put {x} on full
    bring {x} to full brightness
    give {x} full brightness
    maximum brightness on {x}
    all the way up with {x}
    as bright as possible with {x}
    bring {x} up to full brightness
    crank {x} all the way up
    full brightness for {x}
    full brightness on {x}
    full light on {x}
    full power on {x}
    get {x} to full brightness
    give me all {x} has got
    have {x} at full brightness
    let {x} shine at full brightness
    let {x} shine as bright as it can
    light {x} up fully
    make {x} fully bright
    max out {x}
    maximum light from {x}
    put {x} at maximum
    run {x} at full brightness
    set the brightness of {x} to maximum
    set {x} to max
    set {x} to its brightest
    turn {x} to the max
    turn {x} up to the maximum
"""
_DIMMEST = """
    set {x} to half brightness
    dim {x} to half
    turn {x} down to half
    put {x} at half
    bring {x} to half brightness
    make {x} half as bright as full
    halfway on {x}
    run {x} at half brightness
    cut {x} to half
    dim {x} halfway
    get {x} to half brightness
    half brightness for {x}
    half brightness on {x}
    half the light from {x}
    have {x} at half brightness
    keep {x} at half
    let {x} shine at half brightness
    lower {x} to half
    reduce {x} to half
    set {x} at half
    set {x} halfway
    set the brightness of {x} to half
    take {x} to half brightness
    turn {x} to half brightness
    use half brightness on {x}
"""
_COLOR = """
    set {x} to {color}
    turn {x} {color}
    make {x} {color}
    change {x} to {color}
    change the color of {x} to {color}
    change the colour of {x} to {color}
    set the color of {x} to {color}
    set the colour of {x} to {color}
    switch {x} to {color}
    color {x} {color}
    light {x} in {color}
    put {x} on {color}
    give {x} a {color} color
    let {x} glow {color}
    let {x} shine {color}
    paint {x} {color}
    have {x} in {color}
    get {x} to be {color}
    go {color} on {x}
    adjust {x} to {color}
    bring {x} to {color}
    change {x} color to {color}
    change {x} into {color}
    get {x} {color}
    give {x} some {color}
    have {x} glow {color}
    have {x} shine in {color}
    illuminate {x} in {color}
    keep {x} {color}
    let {x} be {color}
    let {x} glow in {color}
    let {x} light up in {color}
    let {x} shine in {color}
    light up {x} in {color}
    make the light of {x} {color}
    make {x} glow {color}
    make {x} shine {color}
    make {x} turn {color}
    put {color} on {x}
    put {x} in {color}
    set {color} on {x}
    set {x} in {color}
    set {x} color to {color}
    switch the color of {x} to {color}
    switch the light of {x} to {color}
    tint {x} {color}
    turn on {x} in {color}
    turn {x} to {color}
    turn the color of {x} to {color}
    use {color} on {x}
    use {color} for {x}
"""
_COLOR_SAY = """
    {bare} {color}
    {x} in {color}
    {bare} to {color}
    {color} for {x}
    {color} light on {x}
    i want {x} (in|to be) {color}
    i'd like {x} (in|to be) {color}
    i want {color} light from {x}
    {x} should be {color}
    would you mind making {x} {color}
    how about {color} for {x}
    i feel like {color} on {x}
    {x} {color}
    {x}, {color}
    {x} to {color}
    {x} could be {color}
    {x} has to be {color}
    {x} needs to be {color}
    {x} in {color} light
    {x} color {color}
    {color} on {x}
    {color} from {x}
    {color} light from {x}
    {color}, that's what i want on {x}
    can {x} be {color}
    can we have {x} in {color}
    could {x} be {color}
    i need {color} light from {x}
    i need {x} {color}
    i want {color} on {x}
    i want {x} {color}
    i'd like {color} light on {x}
    i'd like {x} {color}
    let's have {x} in {color}
    let's make {x} {color}
    my favourite on {x} is {color}, use it
    the color of {x} should be {color}
    what about {color} on {x}
    we want {x} in {color}
"""
_KELVIN = """
    set {x} to {kelvin} kelvin
    set the color temperature of {x} to {kelvin} kelvin
    set the colour temperature of {x} to {kelvin}
    change {x} to {kelvin} kelvin
    make {x} {kelvin} kelvin
    put {x} on {kelvin} kelvin
    turn {x} to {kelvin} k
    adjust {x} to {kelvin} kelvin
    switch {x} to {kelvin} kelvin
    set {x} to {kelvin} k
    bring {x} to {kelvin} kelvin
"""
_WHITE = """
    set {x} to {white}
    make {x} {white}
    change {x} to {white}
    turn {x} {white}
    switch {x} to {white}
    put {x} on {white}
    light {x} in {white}
    give {x} a {white} light
    let {x} shine {white}
    have {x} in {white}
"""
_POSITION = """
    set {x} to {pct}
    open {x} to {pct}
    move {x} to {pct}
    put {x} at {pct}
    set {x} to {pct} open
    open {x} {pct}
    bring {x} to {pct}
    set the position of {x} to {pct}
    position {x} at {pct}
    raise {x} to {pct}
    lower {x} to {pct}
    have {x} {pct} open
    leave {x} {pct} open
    make {x} {pct} open
    adjust {x} to {pct}
    change {x} to {pct}
    take {x} to {pct}
    bring {x} up to {pct}
    bring {x} down to {pct}
    close {x} down to {pct}
    get {x} to {pct}
    get {x} {pct} open
    go to {pct} on {x}
    have {x} at {pct}
    keep {x} at {pct}
    keep {x} {pct} open
    let {x} be {pct} open
    let {x} go to {pct}
    move {x} to {pct} open
    move {x} to the {pct} position
    open up {x} to {pct}
    pull {x} up to {pct}
    put {x} at {pct} open
    put {x} to {pct}
    put {x} {pct} open
    roll {x} to {pct}
    set {x} at {pct}
    set {x} open to {pct}
    set {x} to position {pct}
    shift {x} to {pct}
    slide {x} to {pct}
    switch {x} to {pct}
    turn {x} to {pct}
"""
_POSITION_SAY = """
    {bare} {pct}
    {x} at {pct}
    {x} {pct} open
    {bare} to {pct}
    i want {x} {pct} open
    i'd like {x} {pct} open
    {x} should be {pct} open
    {pct} on {x}
    would you mind opening {x} to {pct}
    how about {x} at {pct}
    {x}, {pct}
    {x} to {pct}
    {x} open to {pct}
    {x} open {pct}
    {x} could be {pct} open
    {x} has to be {pct} open
    {x} needs to be {pct} open
    {pct} for {x}
    {pct} open for {x}
    {pct} open on {x}
    {pct} is enough for {x}
    can {x} be {pct} open
    can we have {x} {pct} open
    could {x} be at {pct}
    i need {x} {pct} open
    i need {x} at {pct}
    i want {x} at {pct}
    i want {x} to be {pct} open
    i'd like {x} to be {pct} open
    let's have {x} {pct} open
    position of {x} {pct}
    position {pct} for {x}
    the position of {x} should be {pct}
    we want {x} {pct} open
    what about {x} at {pct}
"""
_HALF_OPEN = """
    open {x} halfway
    open {x} half way
    put {x} half open
    set {x} to half
    half open {x}
    close {x} halfway
    leave {x} half open
    bring {x} to the middle
    move {x} to halfway
    bring {x} halfway
    bring {x} to half
    close {x} half way
    get {x} half open
    have {x} half open
    keep {x} half open
    let {x} be half open
    make {x} half open
    move {x} half way
    move {x} to half
    move {x} to the middle
    open {x} by half
    open {x} to half
    open {x} to the middle
    open {x} half
    put {x} halfway
    put {x} in the middle
    set {x} halfway
    set {x} to half open
    set {x} to the middle
    take {x} halfway
"""
_STOP = """
    stop {x}
    stop {x} right there
    stop moving {x}
    halt {x}
    freeze {x}
    hold {x}
    hold {x} there
    make {x} stop
    pause {x}
    stop {x} from moving
    {x} stop
    {x} should stop
    {x}, stop there
    {x}, that's far enough
    bring {x} to a halt
    don't move {x} any further
    enough with {x}
    have {x} stop
    keep {x} where it is
    leave {x} where it is
    let {x} stop
    let {x} stay where it is
    stop {x} here
    stop {x} now
    stop {x} where it is
    stop the movement of {x}
    that's far enough for {x}
"""
_SPEED = """
    set {x} to {pct}
    set the speed of {x} to {pct}
    set {x} to {pct} speed
    turn {x} (up|down) to {pct}
    run {x} at {pct}
    put {x} at {pct}
    put {x} on {pct}
    change {x} to {pct}
    change the speed of {x} to {pct}
    let {x} spin at {pct}
    bring {x} to {pct}
    adjust {x} to {pct}
    have {x} at {pct}
    slow {x} down to {pct}
    speed {x} up to {pct}
    turn on {x} at {pct}
    crank {x} to {pct}
    get {x} to {pct}
    get {x} spinning at {pct}
    give {x} {pct}
    go to {pct} on {x}
    have {x} run at {pct}
    increase {x} to {pct}
    keep {x} at {pct}
    let {x} blow at {pct}
    let {x} run at {pct}
    lower {x} to {pct}
    lower the speed of {x} to {pct}
    make {x} run at {pct}
    make {x} spin at {pct}
    move {x} to {pct}
    raise {x} to {pct}
    raise the speed of {x} to {pct}
    reduce {x} to {pct}
    set {x} at {pct}
    set {x} running at {pct}
    set {x} on {pct}
    switch {x} to {pct}
    take {x} to {pct}
    turn the speed of {x} to {pct}
    turn {x} to {pct}
    use {x} at {pct}
"""
_SPEED_SAY = """
    {bare} {pct}
    {x} at {pct}
    {bare} speed {pct}
    {bare} to {pct}
    i want {x} at {pct}
    i'd like {x} at {pct}
    {x} should run at {pct}
    {pct} on {x}
    would you mind setting {x} to {pct}
    how about {pct} for {x}
"""
_FASTEST = """
    set {x} to full speed
    run {x} at full speed
    turn {x} all the way up
    put {x} on maximum
    crank {x} up to full
    let {x} run at full power
    set {x} to maximum speed
    give {x} full speed
    {x} at full blast
"""
_TEMPERATURE = """
    set {x} to {deg}
    set the temperature of {x} to {deg}
    set {bare} to {deg}
    turn {x} (up|down) to {deg}
    change {x} to {deg}
    change the temperature of {x} to {deg}
    put {x} at {deg}
    put {x} on {deg}
    adjust {x} to {deg}
    bring {x} to {deg}
    make {x} heat to {deg}
    have {x} at {deg}
    keep {x} at {deg}
    let {x} go to {deg}
    set the target of {x} to {deg}
    raise {x} to {deg}
    lower {x} to {deg}
    move {x} to {deg}
    run {x} at {deg}
    switch {x} to {deg}
    adjust the temperature of {x} to {deg}
    aim for {deg} on {x}
    bring the temperature of {x} to {deg}
    cool {x} to {deg}
    crank {x} to {deg}
    get {x} to {deg}
    give {x} a target of {deg}
    go for {deg} on {x}
    go to {deg} on {x}
    have {x} heat to {deg}
    heat {x} to {deg}
    increase {x} to {deg}
    leave {x} at {deg}
    let {x} be at {deg}
    let {x} heat to {deg}
    lower the temperature of {x} to {deg}
    make {x} {deg}
    make the temperature of {x} {deg}
    put the temperature of {x} at {deg}
    raise the temperature of {x} to {deg}
    reduce {x} to {deg}
    set the heat of {x} to {deg}
    set {x} at {deg}
    set {x} for {deg}
    take {x} to {deg}
    turn the temperature of {x} to {deg}
    turn {x} to {deg}
    use {deg} on {x}
"""
_TEMPERATURE_SAY = """
    {bare} {deg}
    {x} {deg}
    {bare} to {deg}
    {x} at {deg}
    {deg} on {x}
    i want {x} at {deg}
    i'd like {x} at {deg}
    {x} should be at {deg}
    would you mind setting {x} to {deg}
    how about {deg} on {x}
    i want {deg} from {x}
    temperature of {x} {deg}
    {x}, {deg}
    {x} to {deg}
    {x} on {deg}
    {x} temperature {deg}
    {x} could be at {deg}
    {x} has to be at {deg}
    {x} needs to be at {deg}
    {x} should go to {deg}
    {deg} for {x}
    {deg} from {x}
    {deg} is enough on {x}
    {deg} would be nice on {x}
    can {x} go to {deg}
    can we have {deg} on {x}
    could {x} be at {deg}
    i need {deg} from {x}
    i need {x} at {deg}
    i want {deg} on {x}
    i want {x} to be at {deg}
    i'd like {deg} from {x}
    i'd like {deg} on {x}
    let's have {deg} on {x}
    let's have {x} at {deg}
    make it {deg} on {x}
    the temperature of {x} should be {deg}
    we want {deg} from {x}
    what about {deg} on {x}
"""
_FAN_MODE = """
    set {x} fan to {mode}
    set the fan of {x} to {mode}
    set the fan mode of {x} to {mode}
    change the fan mode of {x} to {mode}
    put the fan of {x} on {mode}
    turn the fan of {x} to {mode}
    switch the fan mode on {x} to {mode}
    switch {x} fan to {mode}
    run the fan of {x} on {mode}
    use the {mode} fan mode on {x}
    change {x} to fan mode {mode}
"""

DO: dict[str, Patterns] = {
    "on": Patterns(_ON),
    "off": Patterns(_OFF),
    "open": Patterns(_OPEN),
    "close": Patterns(_CLOSE),
    "raise": Patterns(_SHADE_OPEN),
    "lower": Patterns(_SHADE_CLOSE),
    "lock": Patterns(_LOCK),
    "unlock": Patterns(_UNLOCK),
    "brightness": Patterns(_BRIGHTNESS),
    "full": Patterns(_FULL),
    "half": Patterns(_DIMMEST),
    "color": Patterns(_COLOR),
    "kelvin": Patterns(_KELVIN),
    "white": Patterns(_WHITE),
    "position": Patterns(_POSITION),
    "halfway": Patterns(_HALF_OPEN),
    "stop": Patterns(_STOP),
    "speed": Patterns(_SPEED),
    "fastest": Patterns(_FASTEST),
    "temperature": Patterns(_TEMPERATURE),
    "fan_mode": Patterns(_FAN_MODE),
}
SAY: dict[str, Patterns] = {
    "on": Patterns(_ON_SAY),
    "off": Patterns(_OFF_SAY),
    "open": Patterns(_OPEN_SAY),
    "close": Patterns(_CLOSE_SAY),
    "lock": Patterns(_LOCK_SAY),
    "unlock": Patterns(_UNLOCK_SAY),
    "brightness": Patterns(_BRIGHTNESS_SAY),
    "color": Patterns(_COLOR_SAY),
    "position": Patterns(_POSITION_SAY),
    "speed": Patterns(_SPEED_SAY),
    "temperature": Patterns(_TEMPERATURE_SAY),
}
# What is said of lights only.
LIGHT_ON = Patterns("""
    light up {x}
    light {x}
    light {x} up
    put some light on with {x}
    give me some light from {x}
    get {x} lit
    make {x} shine
    make {x} glow
    let {x} shine
""")
LIGHT_OFF = Patterns("""
    put out {x}
    put {x} out
    douse {x}
    extinguish {x}
    blow out {x}
    make {x} dark
    let {x} go dark
    lights out on {x}
    black out {x}
""")

# What is said of machines, never of players: those start and stop something else.
RUN = Patterns("""
    start {x}
    start up {x}
    get {x} running
    let {x} run
    start {x} running
    run {x}
    kick off {x}
""")
HALT = Patterns("""
    stop {x}
    stop {x} from running
    halt {x}
    make {x} stop
    bring {x} to a stop
    let {x} rest
""")

# Two things of opposite wishes in one breath: ``{a}`` and ``{b}`` are things with their articles.
ON_AND_OFF = Patterns("""
    turn {a} on and {b} off
    switch {a} on and {b} off
    turn on {a} and turn off {b}
    {a} on, {b} off
    put {a} on and {b} off
    turn on {a} but turn off {b}
    i want {a} on and {b} off
    {a} on and {b} off
    swap, {a} on and {b} off
    instead of {b}, turn on {a}
    use {a} instead of {b}
    {a} should be on and {b} off
    {a} on but {b} off
    activate {a} and deactivate {b}
    get {a} on and {b} off
    have {a} on and {b} off
    i need {a} on and {b} off
    i'd like {a} on and {b} off
    let's have {a} on and {b} off
    make sure {a} is on and {b} is off
    not {b} but {a} on
    off with {b}, on with {a}
    power {a} on and {b} off
    set {a} to on and {b} to off
    shut off {b} and turn on {a}
    switch from {b} to {a}
    switch off {b} but switch on {a}
    switch on {a} and switch off {b}
    turn off {b}, turn on {a}
    turn {b} off and {a} on
    turn {a} on, {b} off
    we want {a} on and {b} off
    {b} off, {a} on
    {b} off and {a} on
""")
